"""Commands, buttons and the introduction in a private chat."""

import pytest

from bot.domain.commands import ADVISER_COMMANDS, ENGLISH_COMMANDS, GERMAN_COMMANDS
from bot.sandbox.fake_telegram import FakeTelegram, User
from tests.end_to_end.mydata import my_data

pytestmark = pytest.mark.usefixtures("polling")


@pytest.mark.parametrize("command", [*GERMAN_COMMANDS, *ENGLISH_COMMANDS, *ADVISER_COMMANDS])
async def test_every_command_gets_a_reply(ada: User, command: str) -> None:
    """Every command gets a reply, and none is unknown."""
    ada.send_text(f"/{command}")

    assert "kenne ich nicht" not in (await ada.wait_for_reply()).text


async def test_start_offers_three_ways_to_begin(ada: User) -> None:
    """The first message says that this is a bot and offers a question, the introduction, and a person."""
    ada.send_text("/start")
    start = await ada.wait_for_reply()

    assert "Ich bin ein Bot" in start.text
    assert start.button_labels == ["Eine Frage stellen", "Einführung", "Beratung anfragen"]


@pytest.mark.parametrize("label", ["Eine Frage stellen", "Einführung", "Beratung anfragen"])
async def test_every_start_button_gets_a_reply(ada: User, label: str) -> None:
    """Each of the three start buttons is followed by a message."""
    ada.send_text("/start")
    await ada.wait_for_reply()

    assert (await ada.wait_for_reply(ada.tap_button(label))).text


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("intro", "Schritt 1 von"),
        ("intro-4", "Das Ganze sehen"),
        ("intro-999", "Ihr nächster Schritt"),
        ("intro-vier", "Guten Tag!"),
        ("beratung", "Worum geht es?"),
        ("frage-backbone", "Aus der Fachliteratur:"),
        ("frage-gibt-es-nicht", "Guten Tag!"),
        ("<script>", "Guten Tag!"),
    ],
)
async def test_deep_links(ada: User, link: str, expected: str) -> None:
    """A deep link opens its target; an unknown one opens the start message."""
    ada.send_text(f"/start {link}")

    assert expected in (await ada.wait_for_reply()).text


async def test_introduction_turns_pages_in_one_message(ada: User) -> None:
    """The buttons for next and back edit one message, from the first step to the last and back."""
    ada.send_text("/einfuehrung")
    first = (await ada.wait_for_reply()).id
    page = await ada.wait_for_reply(ada.tap_button("Kommune"))
    while "Weiter ›" in page.button_labels:
        page = await ada.wait_for_reply(ada.tap_button("Weiter ›"))
    last = page.text
    page = await ada.wait_for_reply(ada.tap_button("‹ Zurück"))

    assert "Schritt 9 von 9" in last
    assert "Schritt 8 von 9" in page.text
    assert page.id == first
    assert len(ada.bot_messages()) == 1


async def test_contact_is_text_and_card(ada: User, fake_telegram: FakeTelegram) -> None:
    """The contact is sent as text and as a card that can be saved."""
    ada.send_text("/kontakt")
    await ada.wait_for_reply(count=2)

    text, card = ada.bot_messages()

    assert "jacob.rohm@phineo.org" in text.text
    assert card.kind == "contact"
    assert fake_telegram.calls_to("sendContact")[0].params["phone_number"] == "+4930520065411"


async def test_unknown_command(ada: User) -> None:
    """The reply to an unknown command points to /hilfe."""
    ada.send_text("/pizza")

    assert "/hilfe" in (await ada.wait_for_reply()).text


async def test_forged_button_has_no_effect(ada: User, fake_telegram: FakeTelegram) -> None:
    """Callback data that no current button carries is answered and has no effect."""
    ada.send_text("/loeschen")
    message = await ada.wait_for_reply()
    sender = fake_telegram.last_update(ada)["message"]["from"]
    forged = ("r:send", "e:../../etc/passwd", "i:99999999999999999999", "f:9:backbone", "l:xx", "x" * 64)
    for data in forged:  # Telegram itself would send these only for buttons that exist
        query = {"id": data, "from": sender, "chat_instance": "1", "data": data, "message": message.raw}
        with fake_telegram.world.state_change():
            fake_telegram.world.updates.put("callback_query", query)
    await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("answerCallbackQuery")) >= len(forged))

    stored, _ = await my_data(fake_telegram, ada)

    assert stored["requests"] == []
