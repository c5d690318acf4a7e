"""What the bot wants to say -> calls of the Bot API, within Telegram's limits."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from bot.domain.event import Event, EventKind
from bot.domain.message import (
    AlertOperator,
    AnswerCallback,
    Attachment,
    Button,
    DeleteRelayed,
    EditMessage,
    EditRelayed,
    Keyboard,
    Message,
    RefreshCard,
    RelayMessage,
    SendContact,
    SendMail,
    SendMessage,
)
from bot.domain.vcard import escape_value, format_vcard
from bot.flows.context import Services
from bot.flows.relay.notices import report_undelivered
from bot.store.protocol import DELETE_RELAYED, MAIL_CHAT, REFRESH_CARD, SEND_MAIL, Destination, OutgoingCall
from prompts.message_splitter import split_html
from prompts.render import format_label

FILE_PARAMS = {"sendPhoto": "photo", "sendDocument": "document"}  # the parameter of the file
ATTACHMENT_KIND = "drawn"  # marks what stands in a call for a file
UPLOADED_FILE = "sent"  # a file that Telegram has already, in place of the name of a drawing
CALLBACK_ANSWER_LIMIT = 200  # characters of an answer to a button; Bot API, answerCallbackQuery
_BUTTON_LABEL_LIMIT = 64  # longer labels are cut off by the apps


def build_calls(messages: Iterable[Message], event: Event, adviser_chat: int | None = None) -> list[OutgoingCall]:
    """The calls that a turn's messages mean, in order. ``desk`` is the advisers' chat; without one they get none."""
    return [call for message in messages for call in _build_message_calls(message, event, adviser_chat)]


def calls_without_event(messages: Iterable[Message], adviser_chat: int | None) -> list[OutgoingCall]:
    """The calls of messages that follow from no event: each of them names its chat."""
    return build_calls(messages, Event(0, EventKind.OTHER, 0, 0, 0), adviser_chat)


def _build_message_calls(message: Message, event: Event, adviser_chat: int | None) -> Iterator[OutgoingCall]:
    match message:
        case SendMessage(to_advisers=True) if adviser_chat is None:
            return
        case SendMessage():
            yield from _build_send_calls(message, event, adviser_chat)
        case RelayMessage(request, chat_id, to_advisers, reply_to, copied_message_id):
            source = (event.chat_id, event.message_id if copied_message_id is None else copied_message_id)
            params: dict[str, Any] = {"from_chat_id": source[0], "message_id": source[1]}
            destination = Destination.THREAD if to_advisers else Destination.CHAT
            yield OutgoingCall(
                chat_id, "copyMessage", params, source, reply_to=reply_to, request=request, destination=destination
            )
        case EditRelayed(request, chat_id, html, caption):
            method, params = "editMessageText", {"text": html, "parse_mode": "HTML"}
            if event.file_id:  # Telegram does not say whether the file is another one, or only the words under it
                file_spec = {
                    ATTACHMENT_KIND: UPLOADED_FILE,
                    "values": {"type": event.media_type, "file": event.file_id},
                }
                method, params = "editMessageMedia", {"media": {"media": file_spec, **_caption_params(html)}}
            elif caption:
                method, params = "editMessageCaption", _caption_params(html)
            destination = Destination.THREAD if chat_id == adviser_chat else Destination.CHAT
            edit_of = (event.chat_id, event.message_id)
            yield OutgoingCall(chat_id, method, params, edit_of=edit_of, request=request, destination=destination)
        case DeleteRelayed(request, chat_id, message_id):
            yield OutgoingCall(chat_id, DELETE_RELAYED, {}, edit_of=(event.chat_id, message_id), request=request)
        case RefreshCard(request):
            if adviser_chat is not None:
                yield OutgoingCall(adviser_chat, REFRESH_CARD, {}, request=request, destination=Destination.THREAD)
        case SendMail(request):
            yield OutgoingCall(MAIL_CHAT, SEND_MAIL, {}, request=request)
        case AlertOperator():
            yield OutgoingCall(MAIL_CHAT, SEND_MAIL, {})
        case EditMessage(html, keyboard, message_id, question, attachment):
            method, params = "editMessageText", text_params(split_html(html)[0], keyboard)
            if attachment:
                media = {"media": _file_placeholder(attachment), **_caption_params(html)}
                method, params = "editMessageMedia", {"media": media, **_markup_params(keyboard)}
            if message_id is not None:
                yield OutgoingCall(event.chat_id, method, {"message_id": message_id, **params})
            else:
                assert question is not None
                yield OutgoingCall(event.chat_id, method, params, edit_of=(event.chat_id, question))
        case SendContact(name, phone, email, role):
            first_name, _, last_name = name.rpartition(" ")
            number = re.sub(r"[^\d+]", "", phone)
            vcard_lines = (
                ("N", f"{escape_value(last_name)};{escape_value(first_name)};;;"),
                ("FN", escape_value(name)),
                ("TITLE", escape_value(role)),
                ("TEL;TYPE=WORK,VOICE", number),
                ("EMAIL", escape_value(email)),
            )
            params = {
                "phone_number": number,
                "first_name": first_name or last_name,
                "last_name": last_name if first_name else "",
                "vcard": format_vcard(list(vcard_lines)),
            }
            yield OutgoingCall(event.chat_id, "sendContact", params | _topic_params(event))
        case AnswerCallback(text) if event.callback_id:
            params = {"callback_query_id": event.callback_id}
            if text:
                params["text"] = text[:CALLBACK_ANSWER_LIMIT]
            yield OutgoingCall(event.chat_id, "answerCallbackQuery", params)


def _build_send_calls(message: SendMessage, event: Event, adviser_chat: int | None) -> Iterator[OutgoingCall]:
    chat_id = event.chat_id if message.chat_id is None else message.chat_id
    if message.to_advisers and adviser_chat is not None:
        chat_id = adviser_chat
    source = None if message.question_id is None else (event.chat_id, message.question_id)
    destination = Destination.THREAD if message.to_advisers else Destination.CHAT
    method = _send_method(message.attachment)
    parts = [message.html] if message.attachment else split_html(message.html)
    for number, part in enumerate(parts):
        params = (
            {FILE_PARAMS[method]: _file_placeholder(message.attachment), **_caption_params(part)}
            if message.attachment
            else _html_params(part)
        )
        if message.chat_id is None and not message.to_advisers:
            params |= _topic_params(event)
        if number == 0 and message.reply_to is not None:
            params["reply_parameters"] = {"message_id": message.reply_to, "allow_sending_without_reply": True}
        if number == len(parts) - 1:
            params |= _markup_params(message.keyboard)
        yield OutgoingCall(
            chat_id,
            method if message.attachment else "sendMessage",
            params,
            source,
            request=message.reference,
            destination=destination,
        )


def text_only_call(call: OutgoingCall) -> OutgoingCall | None:
    """The call with its text alone, to be made if its file cannot be sent; None for a call without a file."""
    params = dict(call.params)
    if call.method in FILE_PARAMS:
        values = params.pop(FILE_PARAMS[call.method])["values"]
        caption = params.pop("caption")
        if call.method == "sendDocument":
            caption += "\n\n" + format_label("without_file", values.get("lang", "de"))
        return replace(call, method="sendMessage", params={**params, **_html_params(caption)})
    if call.method == "editMessageMedia":
        caption = params.pop("media")["caption"]
        return replace(call, method="editMessageCaption", params={**params, "caption": caption, "parse_mode": "HTML"})
    return None


def _topic_params(event: Event) -> dict[str, Any]:
    """What has an answer stand in the topic of what it answers."""
    return {"message_thread_id": event.thread_id} if event.thread_id else {}


def text_params(html: str, keyboard: Keyboard = ()) -> dict[str, Any]:
    """The parameters of a message with this text and these buttons."""
    return {**_html_params(html), **_markup_params(keyboard)}


def _html_params(html: str) -> dict[str, Any]:
    return {"text": html, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _send_method(attachment: Attachment | None) -> str:
    if attachment is None:
        return "sendMessage"
    return "sendDocument" if attachment.as_document else "sendPhoto"


def _caption_params(html: str) -> dict[str, Any]:
    return {"caption": html, "parse_mode": "HTML"}


def _file_placeholder(attachment: Attachment) -> dict[str, Any]:
    """What stands in a call for a file until it is made."""
    return {ATTACHMENT_KIND: attachment.kind, "values": dict(attachment.values)}


def _markup_params(keyboard: Keyboard) -> dict[str, Any]:
    rows = [
        [{"text": button.label[:_BUTTON_LABEL_LIMIT], **_button_action(button)} for button in row] for row in keyboard
    ]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _button_action(button: Button) -> dict[str, Any]:
    return {"url": button.url} if button.url else {"callback_data": button.data}


def make_fallback_calls(services: Services, outgoing: OutgoingCall, reason: str) -> list[OutgoingCall]:
    """Return what to send in place of a failed call: its text alone, or a notice to the other side of a request."""
    if not outgoing.request and (text_call := text_only_call(outgoing)):
        return [text_call]
    return calls_without_event(report_undelivered(services, outgoing, reason), services.adviser_chat)


def readdress_calls(services: Services) -> None:
    """Send the calls queued for the advisers' chat to the chat that is set now."""
    if (adviser_chat := services.adviser_chat) is not None:
        services.store.redirect_adviser_calls(adviser_chat)
