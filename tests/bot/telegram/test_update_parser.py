"""Parsing Telegram's updates into events."""

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
    """Return the event for a text, with the entities that Telegram detects in it."""
    values = {
        "message_id": 5,
        "date": 1,
        "chat": chat,
        "from": ADA,
        "text": text,
        "entities": detect_entities(text, []),
    }
    return parse_update(update(**{kind: values | more}), BOT)


def tap(data: str, message_fields: dict[str, Any] | None, **more: Any) -> Event | None:
    """Return the event for a tap on the bot's answer, with these fields of that message."""
    query = {
        "id": "1",
        "from": ADA,
        "chat_instance": "1",
        "data": data,
        "message": {**ANSWER, **(message_fields or {}), **more},
    }
    return parse_update(update(callback_query=query), BOT)


def update(**values: Any) -> Update:
    parsed = Update.de_json({"update_id": 1, **values})
    assert parsed is not None
    return parsed


def buttons(*data: str) -> dict[str, Any]:
    return {"reply_markup": {"inline_keyboard": [[{"text": label, "callback_data": label}] for label in data]}}


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_mention_is_removed(text: str, expected: str) -> None:
    """Only the mention of the bot is removed from a text, whatever characters come before it."""
    event = message(text)

    assert event is not None
    assert (event.text, event.addressed) == (expected, True)


@pytest.mark.parametrize("chat", [GROUP, PRIVATE])
def test_edited_command_has_its_arguments_as_text(chat: dict[str, Any]) -> None:
    """The text of an edited command is its arguments."""
    event = message("/frage@gw_bot Was ist Wirkung?", chat, "edited_message", edit_date=2)

    assert event is not None
    assert (event.kind, event.command, event.text) == (EventKind.EDITED, "frage", "Was ist Wirkung?")


@pytest.mark.parametrize("chat", [GROUP, PRIVATE])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/zurück", ("zurueck", "")),
        ("/Zuru\u0308ck", ("zurueck", "")),
        ("/übergabe@GW_bot  Cem\nbitte", ("uebergabe", "Cem\nbitte")),
        ("/löschen", ("loeschen", "")),
    ],
)
def test_command_with_an_umlaut(chat: dict[str, Any], text: str, expected: tuple[str, str]) -> None:
    """A command may be written with umlauts, although Telegram does not mark it as one."""
    event = message(text, chat)

    assert event is not None
    assert (event.kind, event.command, event.text) == (EventKind.COMMAND, *expected)


@pytest.mark.parametrize("text", ["/zurük", "/zurück@other_bot", "/zurück/", "/ zurück", "zurück /zurück"])
def test_text_with_an_umlaut_is_no_command(text: str) -> None:
    """Everything else with an umlaut is a text."""
    event = message(text, PRIVATE)

    assert event is not None
    assert (event.kind, event.command, event.text) == (EventKind.TEXT, "", text)


def test_tap_on_an_existing_button() -> None:
    """A tap on an existing button has the button's data."""
    event = tap("p:more", buttons("p:less", "p:more"))

    assert event is not None
    assert event.text == "p:more"


@pytest.mark.parametrize(
    "message_fields", [None, buttons("p:less"), {"reply_markup": {"inline_keyboard": []}}, {"date": 0}]
)
def test_tap_on_an_unknown_button(message_fields: dict[str, Any] | None) -> None:
    """A tap has no data if no button of the message has it, or if the message is inaccessible."""
    event = tap("p:more", message_fields)

    assert event is not None
    assert (event.kind, event.text, event.callback_id) == (EventKind.BUTTON, "", "1")


def test_replaced_picture_is_an_edit() -> None:
    """A picture that was replaced without a caption is parsed as an edit."""
    photo = [{"file_id": "new", "file_unique_id": "n", "width": 1, "height": 1}]
    values = {"message_id": 5, "date": 1, "edit_date": 2, "chat": PRIVATE, "from": ADA, "photo": photo}
    event = parse_update(update(edited_message=values), BOT)

    assert event is not None
    assert (event.kind, event.media_type, event.file_id) == (EventKind.EDITED, "photo", "new")
