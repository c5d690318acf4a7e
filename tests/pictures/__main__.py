"""`make pictures`: plays a request from the form to the answer and draws what each side sees.

Needs Chromium or Chrome. The people and the request are made up.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from bot.app import open_index
from bot.sandbox.standin import StandIn
from bot.settings import Settings
from tests.pictures.page import page
from tests.telegram.advice import card, request, reviewed, topic_of
from tests.telegram.conftest import running, sees

FOLDER = Path("docs/pictures")
SIZE = (452, 2400)  # pixels of the window; what stays empty is cut off


def shoot(browser: str, html: str, target: Path) -> None:
    """Draw a page into a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        source, drawn = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(html, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE[0]},{SIZE[1]}"]
        command = [browser, *options, f"--screenshot={drawn}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        with Image.open(drawn).convert("RGB") as picture:
            empty = Image.new("RGB", picture.size, picture.getpixel((2, picture.height - 2)))
            box = ImageChops.difference(picture, empty).getbbox() or (0, 0, *picture.size)
            bottom = min(box[3] + 16, picture.height)
            picture.crop((0, 0, picture.width, bottom)).quantize(64).save(target, optimize=True)


async def story(standin: StandIn, browser: str) -> None:
    """Play and draw."""
    ada = standin.user("Ada Yıldız", language_code="de", started=True)
    bea = standin.user("Bea", language_code="de")
    forum = standin.group("Beratung", [bea], forum=True, admin=True)
    names = {ada.id: "Ada Yıldız", bea.id: "Bea"}
    os.environ["GW_ADVISER_CHAT_ID"] = str(forum.id)
    settings = Settings(data_dir=Path(tempfile.mkdtemp()))
    async with running(settings, open_index(Settings())):
        ada.says("Wie beginnt Gemeinsam Wirken?")
        await ada.wait_reply()
        summary = await reviewed(ada, "Wir möchten in Kiel ein Bündnis für Jugendliche aufbauen.")
        shoot(browser, page("Zusammenfassung", [summary], names, ada.id), FOLDER / "zusammenfassung.png")
        await ada.wait_reply(ada.taps("Abbrechen"))
        topic = topic_of(await card(standin, bea, forum, await request(standin, ada, summary_text(summary.text))))
        bea.taps("Übernehmen", chat=forum)
        await sees(standin, ada, "kümmert sich")
        bea.says("// Wer kennt Kiel?", chat=forum, topic=topic)
        bea.says("Guten Tag! Mögen Sie mir erzählen, wer bisher dabei ist?", chat=forum, topic=topic)
        await sees(standin, ada, "wer bisher dabei ist")
        ada.says("Bisher die Stadt und zwei Vereine.")
        await sees(standin, bea, "zwei Vereine", forum)
        bea.taps("Antworten vorschlagen", chat=forum)
        await sees(standin, bea, "Wissensbasis", forum)
        await sees(standin, bea, "Übernommen (Bea)", forum)
        there = [seen for seen in standin.chat(forum).messages if seen.thread_id == topic and seen.text]
        shoot(browser, page(standin.chat(forum).topics[topic], there, names, bea.id), FOLDER / "thema.png")
        here = [seen for seen in standin.chat(ada).messages if seen.text][-5:]
        shoot(browser, page("Gemeinsam Wirken", here, names, ada.id), FOLDER / "gespraech.png")


def summary_text(text: str) -> str:
    """The concern in a summary, to be told once more."""
    return next(line for line in text.splitlines() if line.startswith("Anliegen: ")).removeprefix("Anliegen: ")


def main() -> None:
    """Draw all pictures."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is needed to draw the pictures: apt-get install chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with StandIn() as standin:
        os.environ["GW_TELEGRAM_TOKEN"], os.environ["GW_TELEGRAM_API_URL"] = standin.token, standin.url
        asyncio.run(story(standin, browser))
    print(f"The pictures are in {FOLDER}.")


main()
