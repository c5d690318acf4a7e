"""What the bot wants to say -> calls of the Bot API, within Telegram's limits."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from bot.domain.event import Event, Kind
from bot.domain.message import (
    Alarm,
    Button,
    Card,
    Change,
    Copy,
    Drawing,
    Keyboard,
    Message,
    Post,
    Retract,
    Rewrite,
    Say,
    Toast,
    Update,
)
from bot.domain.vcard import escaped, written
from bot.store.protocol import CARD, MAIL, MAIL_CHAT, RETRACT, Outgoing, Place
from prompts.message_splitter import split_html
from prompts.render import label

FILES = {"sendPhoto": "photo", "sendDocument": "document"}  # the parameter of the file
DRAWN = "drawn"  # marks what stands in a call for a file
SENT = "sent"  # a file that Telegram has already, in place of the name of a drawing
TOAST_LIMIT = 200  # characters of an answer to a button; Bot API, answerCallbackQuery
_LABEL_LIMIT = 64  # longer labels are cut off by the apps


def to_calls(messages: Iterable[Message], event: Event, desk: int | None = None) -> list[Outgoing]:
    """The calls that a turn's messages mean, in order. ``desk`` is the advisers' chat; without one they get none."""
    return [call for message in messages for call in _calls(message, event, desk)]


def unasked(messages: Iterable[Message], desk: int | None) -> list[Outgoing]:
    """The calls of messages that follow from no event: each of them names its chat."""
    return to_calls(messages, Event(0, Kind.OTHER, 0, 0, 0), desk)


def _calls(message: Message, event: Event, desk: int | None) -> Iterator[Outgoing]:
    match message:
        case Say(desk=True) if desk is None:
            return
        case Say():
            yield from _say(message, event, desk)
        case Copy(request, chat, at_desk, replies, copied):
            origin = (event.chat_id, event.message_id if copied is None else copied)
            params: dict[str, Any] = {"from_chat_id": origin[0], "message_id": origin[1]}
            place = Place.THREAD if at_desk else Place.CHAT
            yield Outgoing(chat, "copyMessage", params, origin, replies=replies, request=request, place=place)
        case Rewrite(request, chat, html, caption):
            method, params = "editMessageText", {"text": html, "parse_mode": "HTML"}
            if event.file:  # Telegram does not say whether the file is another one, or only the words under it
                sent = {DRAWN: SENT, "values": {"type": event.what, "file": event.file}}
                method, params = "editMessageMedia", {"media": {"media": sent, **_caption(html)}}
            elif caption:
                method, params = "editMessageCaption", _caption(html)
            place = Place.THREAD if chat == desk else Place.CHAT
            edits = (event.chat_id, event.message_id)
            yield Outgoing(chat, method, params, edits=edits, request=request, place=place)
        case Retract(request, chat, message_id):
            yield Outgoing(chat, RETRACT, {}, edits=(event.chat_id, message_id), request=request)
        case Update(request):
            if desk is not None:
                yield Outgoing(desk, CARD, {}, request=request, place=Place.THREAD)
        case Post(request):
            yield Outgoing(MAIL_CHAT, MAIL, {}, request=request)
        case Alarm():
            yield Outgoing(MAIL_CHAT, MAIL, {})
        case Change(html, keyboard, message_id, question, drawing):
            method, params = "editMessageText", text_params(split_html(html)[0], keyboard)
            if drawing:
                media = {"media": _drawn(drawing), **_caption(html)}
                method, params = "editMessageMedia", {"media": media, **_markup(keyboard)}
            if message_id is not None:
                yield Outgoing(event.chat_id, method, {"message_id": message_id, **params})
            else:
                assert question is not None
                yield Outgoing(event.chat_id, method, params, edits=(event.chat_id, question))
        case Card(name, phone, email, role):
            first, _, last = name.rpartition(" ")
            number = re.sub(r"[^\d+]", "", phone)
            values = (("N", f"{escaped(last)};{escaped(first)};;;"), ("FN", escaped(name)), ("TITLE", escaped(role)),
                      ("TEL;TYPE=WORK,VOICE", number), ("EMAIL", escaped(email)))  # fmt: skip
            params = {
                "phone_number": number,
                "first_name": first or last,
                "last_name": last if first else "",
                "vcard": written(list(values)),
            }
            yield Outgoing(event.chat_id, "sendContact", params | _topic(event))
        case Toast(text) if event.callback_id:
            params = {"callback_query_id": event.callback_id}
            if text:
                params["text"] = text[:TOAST_LIMIT]
            yield Outgoing(event.chat_id, "answerCallbackQuery", params)


def _say(say: Say, event: Event, desk: int | None) -> Iterator[Outgoing]:
    chat = event.chat_id if say.chat_id is None else say.chat_id
    if say.desk and desk is not None:
        chat = desk
    origin = None if say.question is None else (event.chat_id, say.question)
    place = Place.THREAD if say.desk else Place.CHAT
    method = _method(say.drawing)
    parts = [say.html] if say.drawing else split_html(say.html)
    for number, part in enumerate(parts):
        params = {FILES[method]: _drawn(say.drawing), **_caption(part)} if say.drawing else _text(part)
        if say.chat_id is None and not say.desk:
            params |= _topic(event)
        if number == 0 and say.reply_to is not None:
            params["reply_parameters"] = {"message_id": say.reply_to, "allow_sending_without_reply": True}
        if number == len(parts) - 1:
            params |= _markup(say.keyboard)
        yield Outgoing(
            chat, method if say.drawing else "sendMessage", params, origin, request=say.request, place=place
        )


def without_file(call: Outgoing) -> Outgoing | None:
    """The call with its text alone, to be made if its file cannot be sent; None for a call without a file."""
    params = dict(call.params)
    if call.method in FILES:
        values = params.pop(FILES[call.method])["values"]
        said = params.pop("caption")
        if call.method == "sendDocument":
            said += "\n\n" + label("without_file", values.get("lang", "de"))
        return replace(call, method="sendMessage", params={**params, **_text(said)})
    if call.method == "editMessageMedia":
        said = params.pop("media")["caption"]
        return replace(call, method="editMessageCaption", params={**params, "caption": said, "parse_mode": "HTML"})
    return None


def _topic(event: Event) -> dict[str, Any]:
    """What has an answer stand in the topic of what it answers."""
    return {"message_thread_id": event.thread_id} if event.thread_id else {}


def text_params(html: str, keyboard: Keyboard = ()) -> dict[str, Any]:
    """The parameters of a message with this text and these buttons."""
    return {**_text(html), **_markup(keyboard)}


def _text(html: str) -> dict[str, Any]:
    return {"text": html, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _method(drawing: Drawing | None) -> str:
    if drawing is None:
        return "sendMessage"
    return "sendDocument" if drawing.document else "sendPhoto"


def _caption(html: str) -> dict[str, Any]:
    return {"caption": html, "parse_mode": "HTML"}


def _drawn(drawing: Drawing) -> dict[str, Any]:
    """What stands in a call for a file until it is made."""
    return {DRAWN: drawing.kind, "values": dict(drawing.values)}


def _markup(keyboard: Keyboard) -> dict[str, Any]:
    rows = [[{"text": button.label[:_LABEL_LIMIT], **_action(button)} for button in row] for row in keyboard]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _action(button: Button) -> dict[str, Any]:
    return {"url": button.url} if button.url else {"callback_data": button.data}
