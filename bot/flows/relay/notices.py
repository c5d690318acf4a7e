"""Notices about failed deliveries and about deleted requests."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.consultation import Request
from bot.domain.event import EventKind
from bot.domain.message import AlertOperator, RefreshCard, SendMail, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import Services, TurnContext
from bot.flows.relay.messages import advisers_label, message_to_advisers, render_advisers
from bot.store.records import (
    DELETE_RELAYED,
    SET_REACTION,
    ApiCall,
    EraseThread,
    ErasureReason,
    OutgoingCall,
    RequestMailDeletion,
    SourceMessage,
)
from prompts.render import render_template

SUPERGROUP_PREFIX = "-100"  # of the ids of chats whose messages have links
ALREADY_DELETED_REASON = "message to delete not found"
BLOCKED_REASONS = ("blocked by the user", "user is deactivated", "chat not found", "can't initiate")


def report_undelivered(services: Services, call: OutgoingCall, reason: str) -> Sequence[SendMessage]:
    """Return the notices of a call that failed for good; ``reason`` is Telegram's description of the failure."""
    if isinstance(call, EraseThread | RequestMailDeletion):
        return _report_undeleted(services, call)
    store = services.store
    request = None if isinstance(call, AlertOperator) else store.requests.find_request(call.reference)
    if request is None or request.withdrawn:
        return ()
    if isinstance(call, SendMail) and services.adviser_chat is not None:
        return (message_to_advisers(request, "mail_failed"),)
    if isinstance(call, ApiCall) and call.method == SET_REACTION:
        return ()  # the message itself has arrived
    if isinstance(call, ApiCall) and call.method == DELETE_RELAYED:
        is_gone = ALREADY_DELETED_REASON in reason.lower()  # an earlier response was lost
        is_there = not is_gone and call.edit_of is not None and store.outbox.find_reply_to(call.chat_id, call.edit_of)
        return (message_to_advisers(request, "still_there"),) if is_there else ()
    if isinstance(call, ApiCall) and call.edit_of and call.edit_of[1] < 0:
        return ()  # only old buttons remain
    thread = store.requests.find_thread(request.reference)
    if isinstance(call, RefreshCard) and thread and thread.card:
        return ()  # only an update of the card failed; the request itself has arrived
    return (_report_unsent(services, request, call, reason),)


def answer_erased_request(context: TurnContext, note_prefix: str) -> Turn | None:
    """Tell an adviser who writes about a deleted request that nobody receives it; None if there was no such request.

    Messages that begin with ``note_prefix`` are not meant for the requester, and get no notice.
    """
    event = context.event
    reference = context.services.store.erasure.find_erased_request(event.chat_id, event.thread_id, event.reply_to)
    if reference is None:
        return None
    if event.text.startswith(note_prefix) or event.kind is EventKind.EDITED:
        return Turn(context.state)
    html = render_advisers("erased_answered", number=reference)
    return Turn(context.state, (SendMessage(html, reply_to=event.message_id),))


def erasure_notice(
    reference: str, reason: ErasureReason, remaining: Sequence[SourceMessage], *, topic_deleted: bool
) -> str:
    """Return the notice, in Telegram HTML, that a request is deleted and which messages to delete by hand."""
    links = [_message_link(message) for message in remaining]
    return render_advisers("erased", number=reference, why=reason.value, whole=topic_deleted, links=links)


def chat_link(chat_id: int) -> str:
    """Return the address of a group's first message, which opens the group; "" if Telegram has none."""
    return _message_link((chat_id, 1))


def thread_link(services: Services, request: Request) -> str:
    """Return the address of a request's topic or card in the advisers' chat; "" if it has none."""
    thread = services.store.requests.find_thread(request.reference)
    return _message_link((thread.chat_id, thread.thread_id or thread.card)) if thread else ""


def emptied_text() -> str:
    """Return the text that replaces a message that cannot be deleted."""
    return advisers_label("emptied")


def erased_title(reference: str) -> str:
    """Return the name of the topic of a deleted request, if the topic cannot be deleted."""
    return advisers_label("erased_title", number=reference)


def _message_link(message: SourceMessage) -> str:
    """Return the address of a message; "" if Telegram has none."""
    chat_id, message_id = message
    internal_id = str(chat_id).removeprefix(SUPERGROUP_PREFIX)
    return "" if internal_id == str(chat_id) else f"https://t.me/c/{internal_id}/{message_id}"


def _report_unsent(services: Services, request: Request, call: OutgoingCall, reason: str) -> SendMessage:
    """Tell the side that wrote, as a reply to the message that did not arrive."""
    written = (call.source or call.edit_of) if isinstance(call, ApiCall) else None
    reply_to = written[1] if written and written[1] > 0 else None  # a number below 0 is no message
    if isinstance(call, ApiCall | RefreshCard) and call.chat_id == request.chat_id:
        is_blocked = any(phrase in reason for phrase in BLOCKED_REASONS)
        notice = message_to_advisers(request, "undelivered", gone=is_blocked, details=request.details)
        return replace(notice, reply_to=reply_to)
    html = render_template("undelivered", request.lang, contact=services.contact)
    return SendMessage(html, chat_id=request.chat_id, reply_to=reply_to)


def _report_undeleted(services: Services, call: EraseThread | RequestMailDeletion) -> Sequence[SendMessage]:
    """List for the advisers what remains of a deleted request, so that they can delete it by hand."""
    adviser_chat, reference = services.adviser_chat, call.reference
    if adviser_chat is None:
        return ()
    if isinstance(call, RequestMailDeletion):
        return (SendMessage(render_advisers("unpost_failed", number=reference), chat_id=adviser_chat),)
    erasure = services.store.erasure
    remaining = [*erasure.erasure_queue(reference), *erasure.undeletable_messages(reference)]
    html = erasure_notice(reference, call.reason, remaining, topic_deleted=False)
    return (SendMessage(html, chat_id=services.find_own_desk(call.chat_id)),)
