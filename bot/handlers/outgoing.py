"""What the bot wants to say -> calls of the Bot API, within Telegram's limits."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bot.model import Card, Change, Event, Keyboard, Message, Say, Toast
from bot.store.protocol import Outgoing
from prompts.split import split_html

TOAST_LIMIT = 200  # characters of an answer to a button; Bot API, answerCallbackQuery
_LABEL_LIMIT = 64  # longer labels are cut off by the apps


def to_calls(messages: Iterable[Message], event: Event) -> list[Outgoing]:
    """The calls that a turn's messages mean, in order."""
    return [call for message in messages for call in _calls(message, event)]


def _calls(message: Message, event: Event) -> Iterator[Outgoing]:
    match message:
        case Say():
            yield from _say(message, event)
        case Change(html, keyboard, message_id, question):
            params = {**_text(split_html(html)[0]), **_markup(keyboard)}
            if message_id is not None:
                yield Outgoing(event.chat_id, "editMessageText", {"message_id": message_id, **params})
            else:
                yield Outgoing(event.chat_id, "editMessageText", params, edit_question=question)
        case Card(name, phone, email, role):
            first, _, last = name.rpartition(" ")
            number = re.sub(r"[^\d+]", "", phone)
            vcard = "\n".join(
                (
                    "BEGIN:VCARD",
                    "VERSION:3.0",
                    f"N:{last};{first};;;",
                    f"FN:{name}",
                    f"TITLE:{role}",
                    f"TEL;TYPE=WORK,VOICE:{number}",
                    f"EMAIL:{email}",
                    "END:VCARD",
                )
            )
            params = {
                "phone_number": number,
                "first_name": first or last,
                "last_name": last if first else "",
                "vcard": vcard,
            }
            yield Outgoing(event.chat_id, "sendContact", params)
        case Toast(text) if event.callback_id:
            params = {"callback_query_id": event.callback_id}
            if text:
                params["text"] = text[:TOAST_LIMIT]
            yield Outgoing(event.chat_id, "answerCallbackQuery", params)


def _say(say: Say, event: Event) -> Iterator[Outgoing]:
    chat = event.chat_id if say.chat_id is None else say.chat_id
    parts = split_html(say.html)
    for number, part in enumerate(parts):
        params = _text(part)
        if number == 0 and say.reply_to is not None:
            params["reply_parameters"] = {"message_id": say.reply_to, "allow_sending_without_reply": True}
        if number == len(parts) - 1:
            params |= _markup(say.keyboard)
        yield Outgoing(chat, "sendMessage", params, question=say.question, request=say.request)


def _text(html: str) -> dict[str, Any]:
    return {"text": html, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _markup(keyboard: Keyboard) -> dict[str, Any]:
    rows = [
        [{"text": button.label[:_LABEL_LIMIT], "callback_data": button.data} for button in row] for row in keyboard
    ]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}
