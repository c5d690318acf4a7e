"""`make screenshots`: play a request on the sandbox's page, from question to answer, and take screenshots.

Needs Chromium or Chrome. The people and the request are fictitious.
"""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, ViewportSize, sync_playwright

from bot.sandbox.launcher import Sandbox
from bot.settings import Settings
from tests.bot.sandbox.page.chromium import FOUND, MISSING, launch
from tests.bot.sandbox.page.stage import ADA, FORM, GROUP, JONAS, MAIL, Stage

FOLDER = Path("docs/pictures")
SIZE = ViewportSize(width=1600, height=900)
COLOURS = 200
HEIGHT = """(phone, first) => {
    const [log, list] = [phone.querySelector(".log"), phone.querySelector(".messages")];
    const wanted = list.getBoundingClientRect().bottom - first.getBoundingClientRect().top + 22;
    return Math.ceil(innerHeight + wanted - log.clientHeight);
}"""


def main() -> None:
    """Take all screenshots."""
    if FOUND is None:
        sys.exit(MISSING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(Settings(), Path(folder)) as sandbox,
        sync_playwright() as started,
    ):
        browser = launch(started)
        play(browser, sandbox.url)
        browser.close()
    print(f"The screenshots are in {FOLDER}.")


def play(browser: Browser, address: str) -> None:
    """Let Ada ask for advice and Bea answer, while Jonas only looks around."""
    stage = Stage(browser.new_page(viewport=SIZE, device_scale_factor=2, reduced_motion="reduce"), address)
    stage.phone(JONAS).get_by_role("button", name="Starten").click()
    stage.sees(JONAS, "Guten Tag!")
    stage.says(ADA, "Wie beginnt Gemeinsam Wirken?")
    stage.sees(ADA, "Quelle")
    stage.fill("Wir möchten in Kiel ein Bündnis für Jugendliche aufbauen.", FORM[:-1])
    shoot(stage, ADA, stage.message(ADA, "Genau das gebe ich"), "zusammenfassung")
    stage.taps(ADA, FORM[-1])
    stage.sees(GROUP, "Noch nicht übernommen")
    stage.taps(GROUP, "Übernehmen")
    stage.sees(ADA, "kümmert sich")
    stage.says(GROUP, "// Wer kennt Kiel?")
    stage.says(GROUP, "Guten Tag! Mögen Sie mir erzählen, wer bisher dabei ist?")
    stage.sees(ADA, "wer bisher dabei ist")
    stage.says(ADA, "Bisher die Stadt und zwei Vereine.")
    stage.sees(GROUP, "zwei Vereine")
    shoot(stage, ADA, stage.message(ADA, "hat die Nummer"), "gespraech")
    stage.tab("Antworten")
    for scheme in ("light", "dark"):
        stage.page.emulate_media(color_scheme=scheme)
        save(stage.page.screenshot(scale="css"), f"probebuehne-{scheme}")
    stage.page.emulate_media(color_scheme="light")
    stage.taps(GROUP, "Antworten vorschlagen")
    stage.sees(GROUP, "Wissensbasis")
    shoot(stage, GROUP, stage.message(GROUP, "Anliegen:"), "thema")


def shoot(stage: Stage, name: str, first: Locator, picture: str) -> None:
    """Take a screenshot of one phone, just high enough to show everything from a message to the end."""
    cast = stage.page.get_by_role("navigation", name="Wer ist zu sehen?")
    beside = [cast.get_by_role("button", name=other) for other in (JONAS, MAIL)]
    for button in beside:
        button.click()
    height = stage.page.evaluate(f"([phone, first]) => ({HEIGHT})(phone, first)",
                                 [stage.phone(name).element_handle(), first.element_handle()])  # fmt: skip
    stage.page.set_viewport_size(ViewportSize(width=SIZE["width"], height=height))
    save(stage.phone(name).screenshot(), picture)
    stage.page.set_viewport_size(SIZE)
    for button in beside:
        button.click()


def save(drawn: bytes, name: str) -> None:
    """Save a screenshot, with few colours so that the file is small."""
    with Image.open(BytesIO(drawn)) as picture:
        picture.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


main()
