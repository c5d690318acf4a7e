"""`make screenshots`: play a request on the sandbox's page, from question to answer, and take screenshots.

Needs Chromium or Chrome. The people and the request are fictitious.
"""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, ViewportSize, expect, sync_playwright

from bot.sandbox.launcher import Sandbox
from bot.settings import Settings
from tests.bot.sandbox.page.chromium import FOUND, MISSING, launch
from tests.bot.sandbox.page.ui import ADA, FORM, GROUP, JONAS, MAIL, SandboxUI
from tools import PROJECT_ROOT

PICTURES_FOLDER = PROJECT_ROOT / "docs" / "pictures"
TIMEOUT = 60_000  # milliseconds; on a busy machine the bot takes its time
WINDOW_SIZE = ViewportSize(width=1720, height=960)
PALETTE_SIZE = 200
MEASURE_HEIGHT = """(phone, first) => {
    const [log, list] = [phone.querySelector(".log"), phone.querySelector(".messages")];
    const wanted = list.getBoundingClientRect().bottom - first.getBoundingClientRect().top + 22;
    return Math.ceil(innerHeight + wanted - log.clientHeight);
}"""


def main() -> None:
    """Write all screenshots to docs/pictures."""
    if FOUND is None:
        sys.exit(MISSING)
    expect.set_options(timeout=TIMEOUT)
    PICTURES_FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(Settings(), Path(folder)) as sandbox,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        play_request(browser, sandbox.url)
        browser.close()
    print(f"The pictures are in {PICTURES_FOLDER}.")


def play_request(browser: Browser, address: str) -> None:
    """Let Ada ask for advice and Bea answer, and take screenshots on the way."""
    page = browser.new_page(viewport=WINDOW_SIZE, device_scale_factor=2, reduced_motion="reduce", locale="de-DE")
    ui = SandboxUI(page, address)
    page.get_by_role("button", name="Selbst ausprobieren").click()
    ui.phone(JONAS).get_by_role("button", name="Starten").click()
    ui.wait_for_text(JONAS, "Guten Tag!")
    ui.send_text(ADA, "Wie beginnt Gemeinsam Wirken?")
    ui.wait_for_text(ADA, "Quelle")
    ui.fill("Wir möchten in Kiel ein Bündnis für Jugendliche aufbauen.", FORM[:-1])
    save_phone(ui, ADA, ui.message(ADA, "Genau das gebe ich"), "zusammenfassung")
    ui.tap_button(ADA, FORM[-1])
    ui.wait_for_text(GROUP, "Noch nicht übernommen")
    ui.tap_button(GROUP, "Übernehmen")
    ui.wait_for_text(ADA, "kümmert sich")
    ui.send_text(GROUP, "// Wer kennt Kiel?")
    ui.send_text(GROUP, "Guten Tag! Mögen Sie mir erzählen, wer bisher dabei ist?")
    ui.wait_for_text(ADA, "wer bisher dabei ist")
    ui.send_text(ADA, "Bisher die Stadt und zwei Vereine.")
    ui.wait_for_text(GROUP, "zwei Vereine")
    save_phone(ui, ADA, ui.message(ADA, "hat die Nummer"), "gespraech")
    ui.tab("Antworten")
    for scheme in ("light", "dark"):
        ui.page.emulate_media(color_scheme=scheme)
        save_picture(ui.page.screenshot(scale="css"), f"probebuehne-{scheme}")
    ui.page.emulate_media(color_scheme="light")
    ui.tap_button(GROUP, "Antworten vorschlagen")
    ui.wait_for_text(GROUP, "Wissenssammlung")
    save_phone(ui, GROUP, ui.message(GROUP, "Anliegen:"), "thema")


def save_phone(ui: SandboxUI, name: str, first: Locator, picture: str) -> None:
    """Save a screenshot of one phone, in a window just high enough for all messages from ``first`` to the last."""
    personas = ui.page.get_by_role("navigation", name="Wer ist zu sehen?")
    toggles = [personas.get_by_role("button", name=other) for other in (JONAS, MAIL)]
    for button in toggles:
        button.click()
    height = ui.page.evaluate(f"([phone, first]) => ({MEASURE_HEIGHT})(phone, first)",
                              [ui.phone(name).element_handle(), first.element_handle()])  # fmt: skip
    ui.page.set_viewport_size(ViewportSize(width=WINDOW_SIZE["width"], height=height))
    save_picture(ui.phone(name).screenshot(), picture)
    ui.page.set_viewport_size(WINDOW_SIZE)
    for button in toggles:
        button.click()


def save_picture(content: bytes, name: str) -> None:
    """Save a picture with a reduced palette to keep it small."""
    with Image.open(BytesIO(content)) as picture:
        picture.convert("RGB").quantize(PALETTE_SIZE).save(PICTURES_FOLDER / f"{name}.png", optimize=True)


main()
