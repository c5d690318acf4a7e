"""Updates as Telegram sends them, and the events that they become."""

from typing import Any

import pytest
from telegram import Update, User

from bot.domain.event import Event, EventKind
from bot.sandbox.fake_telegram.rules.entities import detect_entities
from bot.telegram.update_parser import parse_update

BOT = User(1, "Bot", is_bot=True, username="gw_bot")
ADA = {"id": 20, "is_bot": False, "first_name": "Ada"}
GROUP = {"id": -5, "type": "supergroup", "title": "Bündnis"}
PRIVATE = {"id": 20, "type": "private", "first_name": "Ada"}
ANSWER = {"message_id": 7, "date": 1, "chat": GROUP, "from": BOT.to_dict(), "text": "Antwort"}


def message(text: str, chat: dict[str, Any] = GROUP, kind: str = "message", **more: Any) -> Event | None:
    """The event of a text with what Telegram finds in it."""
    values = {
        "message_id": 5,
        "date": 1,
        "chat": chat,
        "from": ADA,
        "text": text,
        "entities": detect_entities(text, []),
    }
    return parse_update(update(**{kind: values | more}), BOT)


def tap(data: str, held: dict[str, Any] | None, **more: Any) -> Event | None:
    """The event of a tap on the bot's answer, with what Telegram says of that message."""
    query = {
        "id": "1",
        "from": ADA,
        "chat_instance": "1",
        "data": data,
        "message": {**ANSWER, **(held or {}), **more},
    }
    return parse_update(update(callback_query=query), BOT)


def update(**values: Any) -> Update:
    found = Update.de_json({"update_id": 1, **values})
    assert found is not None
    return found


def buttons(*data: str) -> dict[str, Any]:
    return {"reply_markup": {"inline_keyboard": [[{"text": one, "callback_data": one}] for one in data]}}


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("@gw_bot Was heißt das?", "Was heißt das?"),
        ("Wie groß muß ein Maßnahmenbündel sein @gw_bot", "Wie groß muß ein Maßnahmenbündel sein"),
        ("Was heißt Straße, @GW_BOT bitte?", "Was heißt Straße, bitte?"),
        ("👋🏽 ẞß 𝒜 @gw_bot ﬁn", "👋🏽 ẞß 𝒜 ﬁn"),
        ("Mail an a@gw_bot.de schreiben? @gw_bot", "Mail an a@gw_bot.de schreiben?"),
        ("@gw_bots @gw_bot Was?", "@gw_bots Was?"),
        ("@gw_bot", ""),
    ],
)
def test_mention_is_cut_where_telegram_says(written: str, asked: str) -> None:
    """Whatever letters stand before it, only the mention goes."""
    event = message(written)

    assert event is not None
    assert (event.text, event.addressed) == (asked, True)


@pytest.mark.parametrize("chat", [GROUP, PRIVATE])
def test_edited_command_is_its_arguments(chat: dict[str, Any]) -> None:
    """Who corrects a question that was asked by a command asks what stands behind it."""
    event = message("/frage@gw_bot Was ist Wirkung?", chat, "edited_message", edit_date=2)

    assert event is not None
    assert (event.kind, event.command, event.text) == (EventKind.EDITED, "frage", "Was ist Wirkung?")


def test_tap_on_a_button_that_is_there() -> None:
    """A tap says what the button holds."""
    event = tap("p:more", buttons("p:less", "p:more"))

    assert event is not None
    assert event.text == "p:more"


@pytest.mark.parametrize("held", [None, buttons("p:less"), {"reply_markup": {"inline_keyboard": []}}, {"date": 0}])
def test_tap_on_no_button_says_nothing(held: dict[str, Any] | None) -> None:
    """Data that no button of the message holds, or of a message that Telegram does not show, is none."""
    event = tap("p:more", held)

    assert event is not None
    assert (event.kind, event.text, event.callback_id) == (EventKind.BUTTON, "", "1")


def test_replaced_picture_is_an_edit() -> None:
    """A picture may be replaced without a word under it."""
    photo = [{"file_id": "new", "file_unique_id": "n", "width": 1, "height": 1}]
    values = {"message_id": 5, "date": 1, "edit_date": 2, "chat": PRIVATE, "from": ADA, "photo": photo}
    event = parse_update(update(edited_message=values), BOT)

    assert event is not None
    assert (event.kind, event.media_type, event.file_id) == (EventKind.EDITED, "photo", "new")
