"""/teilen shares what was viewed last: as a link, as a QR code, and with a button that forwards it."""

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
    """A user whose Telegram is set to English."""
    return fake_telegram.add_user("Emma", language_code="en", started=True)


def qr_code_link(fake_telegram: FakeTelegram, message: MessageView) -> str:
    """Return the link that is in the QR code of a message."""
    file = fake_telegram.world.files.by_id[message.raw["photo"][-1]["file_id"]]
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(file.content)))
    return str(code.text)


def button_link(message: MessageView) -> str:
    """Return the link that the button sends to another chat."""
    url = str(message.raw["reply_markup"]["inline_keyboard"][0][0]["url"])
    return parse_qs(urlsplit(url).query)["url"][0]


@pytest.mark.usefixtures("polling")
async def test_the_bot_is_shared(fake_telegram: FakeTelegram, ada: User, bot_address: str) -> None:
    """If nothing was viewed before, link, QR code and button lead to the bot's start message."""
    ada.send_text("/teilen")
    shared = await ada.wait_for_reply()

    assert shared.kind == "photo"
    assert bot_address in shared.text
    assert shared.button_labels == ["Teilen"]
    assert qr_code_link(fake_telegram, shared) == button_link(shared) == bot_address


@pytest.mark.usefixtures("polling")
async def test_an_answer_is_shared(fake_telegram: FakeTelegram, emma: User, bot_address: str) -> None:
    """After an answer its entry is shared; the link opens it, and one tap shares the whole bot instead."""
    emma.send_text("What is a backbone organisation?")
    await emma.wait_for_reply()
    emma.send_text("/share")
    shared = await emma.wait_for_reply()
    link = qr_code_link(fake_telegram, shared)
    followed = emma.open_deep_link(link.partition("?start=")[2])
    answer = await emma.wait_for_reply(followed)
    emma.send_text("/share")
    whole = await emma.wait_for_reply()
    whole = await emma.wait_for_reply(emma.tap_button("Share the whole bot instead"))

    assert link == button_link(shared) == f"{bot_address}?start=frage-backbone"
    assert "Source:" in answer.text
    assert whole.edited
    assert qr_code_link(fake_telegram, whole) == button_link(whole) == bot_address


@pytest.mark.usefixtures("polling")
async def test_a_step_is_shared(ada: User, bot_address: str) -> None:
    """During the introduction its step is shared, unless an entry was viewed after it."""
    ada.send_text("/start intro-1")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Weiter ›"))
    ada.send_text("/teilen")
    step = button_link(await ada.wait_for_reply())
    ada.send_text("/start frage-backbone")
    await ada.wait_for_reply()
    ada.send_text("/teilen")
    entry = button_link(await ada.wait_for_reply())

    assert step == f"{bot_address}?start=intro-2"
    assert entry == f"{bot_address}?start=frage-backbone"


@pytest.mark.usefixtures("polling")
async def test_missing_answer_is_not_shared(ada: User, bot_address: str) -> None:
    """After a question without an answer, the bot itself is shared."""
    ada.send_text("Was kostet das?")
    await ada.wait_for_reply()
    ada.send_text("/teilen")

    assert button_link(await ada.wait_for_reply()) == bot_address


async def test_entry_whose_id_fits_in_no_link(
    bot_settings: Settings,
    encoder: OnnxEncoder,
    fake_telegram: FakeTelegram,
    ada: User,
    bot_address: str,
    tmp_path: Path,
) -> None:
    """An entry whose id fits in no link is shared as the bot, with the reason; inline mode still offers it."""
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
        query = ada.send_inline_query("Aus welchem Holz ist die Brücke gebaut?")
        await fake_telegram.wait_for(lambda: query.answer)

    assert answer.text.startswith("Aus welchem Holz")
    assert "keinen eigenen Link" in shared.text
    assert button_link(shared) == bot_address
    assert [result["reply_markup"]["inline_keyboard"][0][0]["url"] for result in query.results][:1] == [bot_address]
