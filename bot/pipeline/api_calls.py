"""Turn a turn's messages into outgoing calls, within the limits of the Bot API."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.domain.consultation import Request
from bot.domain.effects import CreateRequest, Effect
from bot.domain.event import Event, EventKind
from bot.domain.message import (
    AlertOperator,
    AnswerCallback,
    Button,
    ConfirmNote,
    DeleteRelayed,
    EditKeyboard,
    EditMessage,
    EditRelayed,
    Keyboard,
    Message,
    RefreshCard,
    RelayMessage,
    RetireButtons,
    SendContact,
    SendMail,
    SendMessage,
    SendWithdrawalMail,
    ShowCommandMenu,
)
from bot.domain.vcard import format_vcard, split_name, strip_number
from bot.flows.context import Services
from bot.flows.relay.notices import report_undelivered
from bot.store.records import (
    COPY_ALBUM,
    DELETE_MENU,
    DELETE_RELAYED,
    SET_MENU,
    SET_REACTION,
    ApiCall,
    Destination,
    OutgoingCall,
)
from prompts.message_splitter import split_html
from prompts.render import format_label

FILE_PARAMS = {"sendPhoto": "photo", "sendDocument": "document"}  # method -> parameter that holds the file
ATTACHMENT_KIND = "drawn"  # the key that marks a placeholder of a file; its value is the kind
UPLOADED_FILE = "sent"  # the kind of a file that Telegram already has
CALLBACK_ANSWER_LIMIT = 200  # characters; Bot API, answerCallbackQuery
RECEIPT = "✍"  # the reaction to a message that has arrived; Bot API, ReactionTypeEmoji
NOTE_SIGN = "🙊"  # the one to a note among the advisers
_BUTTON_LABEL_LIMIT = 64  # characters; the apps truncate longer labels


def build_calls(messages: Iterable[Message], event: Event, adviser_chat: int | None = None) -> list[OutgoingCall]:
    """Return the calls that send a turn's messages, in order; without ``adviser_chat``, none for the advisers."""
    return [call for message in messages for call in _build_message_calls(message, event, adviser_chat)]


def calls_without_event(messages: Iterable[Message], adviser_chat: int | None) -> list[OutgoingCall]:
    """Return the calls that send messages no event caused; each of these names its chat."""
    return build_calls(messages, Event(0, EventKind.OTHER, 0, 0, 0), adviser_chat)


def _build_message_calls(message: Message, event: Event, adviser_chat: int | None) -> Iterator[OutgoingCall]:
    match message:
        case SendMail() | SendWithdrawalMail() | AlertOperator():
            yield message
        case RefreshCard() if adviser_chat is not None:
            yield replace(message, chat_id=adviser_chat)
        case SendMessage(to_advisers=to_advisers) if adviser_chat is not None or not to_advisers:
            yield from _build_send_calls(message, event, adviser_chat)
        case RelayMessage():
            yield from _build_relay_calls(message, event)
        case EditRelayed(reference, chat_id, html, caption):
            method = "editMessageText"
            params: dict[str, Any] = {"text": html, "parse_mode": "HTML"}
            if event.file_id:  # Telegram does not say whether the file or only its caption was changed
                uploaded = _file_placeholder(UPLOADED_FILE, {"type": event.media_type, "file": event.file_id})
                method, params = "editMessageMedia", {"media": {"media": uploaded, **_caption_params(html)}}
            elif caption:
                method, params = "editMessageCaption", _caption_params(html)
            destination = Destination.THREAD if chat_id == adviser_chat else Destination.CHAT
            edit_of = (event.chat_id, event.message_id)
            yield ApiCall(chat_id, method, params, edit_of=edit_of, reference=reference, destination=destination)
        case DeleteRelayed(reference, chat_id, message_id):
            yield ApiCall(chat_id, DELETE_RELAYED, {}, edit_of=(event.chat_id, message_id), reference=reference)
            if message_id > 0:  # a number below 0 is that of a ready answer
                yield ApiCall(event.chat_id, SET_REACTION, {"message_id": message_id}, reference=reference)
        case ConfirmNote(reference):
            params = {"message_id": event.message_id, "reaction": NOTE_SIGN}
            yield ApiCall(event.chat_id, SET_REACTION, params, reference=reference)
        case RetireButtons(reference, number, html) if adviser_chat is not None:
            edit_of, destination = (adviser_chat, number), Destination.THREAD
            params = _html_params(html)
            yield ApiCall(
                adviser_chat, "editMessageText", params, edit_of=edit_of, reference=reference, destination=destination
            )
        case EditMessage(html, keyboard, message_id, question, attachment):
            method, params = "editMessageText", text_params(split_html(html)[0], keyboard)
            if attachment:
                file = _file_placeholder(attachment.kind, attachment.values)
                media = {"media": file, **_caption_params(html)}
                method, params = "editMessageMedia", {"media": media, **_markup_params(keyboard)}
            if message_id is not None:
                yield ApiCall(event.chat_id, method, {"message_id": message_id, **params})
            else:
                assert question is not None
                yield ApiCall(event.chat_id, method, params, edit_of=(event.chat_id, question))
        case EditKeyboard(keyboard, message_id):
            yield ApiCall(
                event.chat_id, "editMessageReplyMarkup", {"message_id": message_id, **_markup_params(keyboard)}
            )
        case SendContact():
            yield ApiCall(event.chat_id, "sendContact", _contact_params(message) | topic_params(event.thread_id))
        case AnswerCallback(text) if event.callback_id:
            params = {"callback_query_id": event.callback_id}
            if text:
                params["text"] = text[:CALLBACK_ANSWER_LIMIT]
            yield ApiCall(event.chat_id, "answerCallbackQuery", params)
        case ShowCommandMenu(commands):
            params = {"scope": {"type": "chat", "chat_id": event.chat_id}}
            if commands:
                params["commands"] = [list(command) for command in commands]
            yield ApiCall(event.chat_id, SET_MENU if commands else DELETE_MENU, params)


def _build_relay_calls(relay: RelayMessage, event: Event) -> Iterator[ApiCall]:
    """Copy a message; a text that gets another wording cannot be copied and is sent anew."""
    source = (event.chat_id, event.message_id if relay.message_id is None else relay.message_id)
    destination = Destination.THREAD if relay.to_advisers else Destination.CHAT
    method: str = "copyMessage"
    params: dict[str, Any] = {"from_chat_id": source[0], "message_id": source[1]}
    if relay.is_caption:
        params |= _caption_params(relay.html)
    elif relay.html:
        method, params = "sendMessage", {"text": relay.html, "parse_mode": "HTML"}
    if relay.album:  # the only one of the methods that keeps messages together, and it takes no caption and no reply
        ids = sorted((source[1], *relay.album))
        params = {"from_chat_id": source[0], "message_ids": ids}
        method, source = COPY_ALBUM, (source[0], ids[0])
    copy = ApiCall(relay.chat_id, method, params, source, None, relay.reply_to, relay.reference, destination)
    if relay.heading:
        yield replace(copy, method="sendMessage", params=_html_params(relay.heading), source=None)
    yield copy


def _build_send_calls(message: SendMessage, event: Event, adviser_chat: int | None) -> Iterator[ApiCall]:
    chat_id = event.chat_id if message.chat_id is None else message.chat_id
    if message.to_advisers and adviser_chat is not None:
        chat_id = adviser_chat
    source = None if message.question_id is None else (event.chat_id, message.question_id)
    destination = Destination.THREAD if message.to_advisers else Destination.CHAT
    method, file_param, parts = "sendMessage", {}, split_html(message.html)
    if attachment := message.attachment:
        method, parts = "sendDocument" if attachment.as_document else "sendPhoto", [message.html]
        file_param = {FILE_PARAMS[method]: _file_placeholder(attachment.kind, attachment.values)}
    for number, part in enumerate(parts):
        params = {**file_param, **_caption_params(part)} if file_param else _html_params(part)
        if message.chat_id is None and not message.to_advisers:
            params |= topic_params(event.thread_id)
        if number == 0 and message.reply_to is not None:
            params |= reply_params(message.reply_to)
        if number == len(parts) - 1:
            params |= _markup_params(message.keyboard)
        yield ApiCall(chat_id, method, params, source, reference=message.reference, destination=destination)


def make_receipt_calls(call: OutgoingCall) -> list[OutgoingCall]:
    """Return the call that shows at a relayed message that its copy has arrived; nothing for any other call."""
    if not isinstance(call, ApiCall) or not call.reference or call.source is None or call.source[0] == call.chat_id:
        return []
    chat_id, message_id = call.source
    receipt = ApiCall(
        chat_id, SET_REACTION, {"message_id": message_id, "reaction": RECEIPT}, reference=call.reference
    )
    return [receipt] if message_id > 0 else []  # a number below 0 is that of a ready answer


def make_fallback_calls(services: Services, call: OutgoingCall, reason: str) -> list[OutgoingCall]:
    """Return the calls that replace a failed one: its text alone, or notices to the other side of the request."""
    if isinstance(call, ApiCall) and not call.reference and (text_call := text_only_call(call)):
        return [text_call]
    notices = calls_without_event(report_undelivered(services, call, reason), services.adviser_chat)
    return route_to_desks(services, notices)


def text_only_call(call: ApiCall) -> ApiCall | None:
    """Return the call with its text alone, for a file that could not be sent; None for a call without a file."""
    params = dict(call.params)
    if call.method in FILE_PARAMS:
        values = params.pop(FILE_PARAMS[call.method])["values"]
        caption = params.pop("caption")
        if call.method == "sendDocument":
            caption += "\n\n" + format_label("without_file", values.get("lang", "de"))
        return replace(call, method="sendMessage", params={**params, **_html_params(caption)})
    if call.method == "editMessageMedia":
        caption = params.pop("media")["caption"]
        return replace(call, method="editMessageCaption", params={**params, **_caption_params(caption)})
    return None


def text_params(html: str, keyboard: Keyboard = ()) -> dict[str, Any]:
    """Return the parameters of a message with this text and these buttons."""
    return {**_html_params(html), **_markup_params(keyboard)}


def topic_params(thread_id: int) -> dict[str, Any]:
    """Return the parameters that put a message into a forum topic; none for 0."""
    return {"message_thread_id": thread_id} if thread_id else {}


def reply_params(message_id: int) -> dict[str, Any]:
    """Return the parameters that make a message a reply, which is sent even if the other message was deleted."""
    return {"reply_parameters": {"message_id": message_id, "allow_sending_without_reply": True}}


def _html_params(html: str) -> dict[str, Any]:
    return {"text": html, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _caption_params(html: str) -> dict[str, Any]:
    return {"caption": html, "parse_mode": "HTML"}


def _contact_params(contact: SendContact) -> dict[str, Any]:
    first_name, last_name = split_name(contact.name)
    number = strip_number(contact.phone)
    properties = (("TITLE", contact.role), ("TEL;TYPE=WORK,VOICE", number), ("EMAIL", contact.email))
    return {
        "phone_number": number,
        "first_name": first_name or last_name,
        "last_name": last_name if first_name else "",
        "vcard": format_vcard(contact.name, properties),
    }


def _file_placeholder(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the placeholder of a file in a queued call, from which it is rendered when the call is made."""
    return {ATTACHMENT_KIND: kind, "values": dict(values)}


def _markup_params(keyboard: Keyboard) -> dict[str, Any]:
    rows = [[_button_params(button) for button in row] for row in keyboard]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _button_params(button: Button) -> dict[str, Any]:
    action = {"url": button.url} if button.url else {"callback_data": button.data}
    return {"text": button.label[:_BUTTON_LABEL_LIMIT], **action}


def readdress_calls(services: Services) -> None:
    """Redirect the calls queued for the advisers' chats to those in the settings."""
    if (adviser_chat := services.adviser_chat) is None:
        return
    if not services.advisers.desks:
        services.store.outbox.redirect_adviser_calls(adviser_chat)
        return
    for reference in services.store.outbox.queued_thread_requests():
        request = services.store.requests.find_request(reference)
        desk = services.find_desk(request) if request else None
        fine_chats = services.desk_chats if desk is None else ()  # a deleted request is erased where it was
        services.store.outbox.redirect_request_calls(reference, desk or adviser_chat, fine_chats)


def route_to_desks(
    services: Services, calls: Iterable[OutgoingCall], effects: Iterable[Effect] = ()
) -> list[OutgoingCall]:
    """Return calls with those for the advisers of a request addressed to the chat of its contact.

    ``effects`` are those of the same turn, which may create the request.
    """
    if not services.advisers.desks:
        return list(calls)
    created = {effect.request.reference: effect.request for effect in effects if isinstance(effect, CreateRequest)}
    return [_route_call(services, call, created) for call in calls]


def _route_call(services: Services, call: OutgoingCall, created: Mapping[str, Request]) -> OutgoingCall:
    if isinstance(call, ApiCall) and call.destination is not Destination.THREAD:
        return call
    if not isinstance(call, RefreshCard | ApiCall):
        return call
    request = created.get(call.reference) or services.store.requests.find_request(call.reference)
    desk = services.find_desk(request) if request else None
    if desk is None or desk == call.chat_id:
        return call
    if isinstance(call, RefreshCard):
        return replace(call, chat_id=desk)
    edit_of = (desk, call.edit_of[1]) if call.edit_of and call.edit_of[0] == call.chat_id else call.edit_of
    return replace(call, chat_id=desk, edit_of=edit_of)
