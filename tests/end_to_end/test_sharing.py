"""Passing on: /teilen gives what was seen last as a link, a picture, and a button that sends it on."""

from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image

from bot.sandbox.fake_telegram import FakeTelegram, MessageView, User
from bot.settings import Settings
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from knowledge.loader import load_knowledge
from tests.end_to_end.conftest import running


@pytest.fixture
def bot_address(fake_telegram: FakeTelegram) -> str:
    """The address of the bot."""
    return f"https://t.me/{fake_telegram.world.bot.username}"


@pytest.fixture
def emma(fake_telegram: FakeTelegram) -> User:
    """A person whose Telegram is English."""
    return fake_telegram.add_user("Emma", language_code="en", started=True)


def in_picture(fake_telegram: FakeTelegram, message: MessageView) -> str:
    """The link that a camera reads from the picture of a message."""
    file = fake_telegram.world.files.by_id[message.raw["photo"][-1]["file_id"]]
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(file.content)))
    return str(code.text)


def forwarded(message: MessageView) -> str:
    """The link that the button brings into another chat."""
    url = str(message.raw["reply_markup"]["inline_keyboard"][0][0]["url"])
    return parse_qs(urlsplit(url).query)["url"][0]


@pytest.mark.usefixtures("polling")
async def test_the_bot_is_shared(fake_telegram: FakeTelegram, ada: User, bot_address: str) -> None:
    """Without anything before, link, picture and button lead to the bot's beginning."""
    ada.send_text("/teilen")
    shared = await ada.wait_for_reply()

    assert shared.kind == "photo"
    assert bot_address in shared.text
    assert shared.button_labels == ["Teilen"]
    assert in_picture(fake_telegram, shared) == forwarded(shared) == bot_address


@pytest.mark.usefixtures("polling")
async def test_an_answer_is_shared(fake_telegram: FakeTelegram, emma: User, bot_address: str) -> None:
    """After an answer its entry is shared; who follows the link sees it, and one tap shares the bot instead."""
    emma.send_text("What is a backbone organisation?")
    await emma.wait_for_reply()
    emma.send_text("/share")
    shared = await emma.wait_for_reply()
    link = in_picture(fake_telegram, shared)
    followed = emma.open_deep_link(link.partition("?start=")[2])
    answer = await emma.wait_for_reply(followed)
    emma.send_text("/share")
    whole = await emma.wait_for_reply()
    whole = await emma.wait_for_reply(emma.tap_button("Share the whole bot instead"))

    assert link == forwarded(shared) == f"{bot_address}?start=frage-backbone"
    assert "Source:" in answer.text
    assert whole.edited
    assert in_picture(fake_telegram, whole) == forwarded(whole) == bot_address


@pytest.mark.usefixtures("polling")
async def test_a_step_is_shared(ada: User, bot_address: str) -> None:
    """In the middle of the introduction its step is shared; an answer in between is nearer."""
    ada.send_text("/start intro-1")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Weiter ›"))
    ada.send_text("/teilen")
    step = forwarded(await ada.wait_for_reply())
    ada.send_text("/start frage-backbone")
    await ada.wait_for_reply()
    ada.send_text("/teilen")
    entry = forwarded(await ada.wait_for_reply())

    assert step == f"{bot_address}?start=intro-2"
    assert entry == f"{bot_address}?start=frage-backbone"


@pytest.mark.usefixtures("polling")
async def test_silence_is_not_shared(ada: User, bot_address: str) -> None:
    """Where the bot had no answer, the bot is shared."""
    ada.send_text("Was kostet das?")
    await ada.wait_for_reply()
    ada.send_text("/teilen")

    assert forwarded(await ada.wait_for_reply()) == bot_address


async def test_name_that_fits_no_link(
    bot_settings: Settings,
    encoder: OnnxEncoder,
    fake_telegram: FakeTelegram,
    ada: User,
    bot_address: str,
    tmp_path: Path,
) -> None:
    """An entry whose name fits no link is shared as the bot, which says why; it is offered inline all the same."""
    folder = tmp_path / "fremd"
    folder.mkdir()
    names = {
        "über-die-" + "lange-" * 12 + "brücke": "Aus welchem Holz die Brücke gebaut ist",
        "Wald": "Bäume im Wald",
    }
    for name, title in names.items():
        text = f"# {title}\n\n{title}: Das Holz der Brücke kommt von Eichen, die im Wald am Fluss standen.\n"
        (folder / f"{name}.md").write_text(text, "utf-8")
    build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), tmp_path / "index"
    )
    async with running(bot_settings, LiveIndex(tmp_path / "index", encoder)):
        ada.send_text("Aus welchem Holz ist die Brücke gebaut?")
        answer = await ada.wait_for_reply()
        ada.send_text("/teilen")
        shared = await ada.wait_for_reply()
        asked = ada.send_inline_query("Aus welchem Holz ist die Brücke gebaut?")
        await fake_telegram.wait_for(lambda: asked.answer)

    assert answer.text.startswith("Aus welchem Holz")
    assert "keinen eigenen Link" in shared.text
    assert forwarded(shared) == bot_address
    assert [one["reply_markup"]["inline_keyboard"][0][0]["url"] for one in asked.results][:1] == [bot_address]
