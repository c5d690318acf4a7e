"""What advisers are told of a request that was deleted: by the person, or because its time was over."""

from collections.abc import Sequence

from bot.domain.event import Event, EventKind
from bot.domain.message import AlertOperator, RefreshCard, SendMail, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from bot.flows.relay.messages import ADVISERS_TEMPLATES, message_to_advisers
from bot.store.protocol import (
    DELETE_RELAYED,
    ApiCall,
    EraseThread,
    ErasureReason,
    OutgoingCall,
    RequestMailDeletion,
    SourceMessage,
)
from prompts.render import format_label, render_template

_SUPERGROUP_PREFIX = "-100"  # begins the id of a chat whose messages have links
BLOCKED_REASONS = ("blocked by the user", "user is deactivated", "chat not found", "can't initiate")


def answer_erased_request(services: Services, state: State, event: Event, note_prefix: str) -> Turn | None:
    """Who writes about a deleted request is told that nobody gets it; None where there was no such request."""
    reference = services.store.find_erased_request(event.chat_id, event.thread_id, event.reply_to)
    if reference is None:
        return None
    if event.text.startswith(note_prefix) or event.kind is EventKind.EDITED:
        return Turn(state)
    return Turn(
        state,
        (
            SendMessage(
                render_template("erased_answered", ADVISERS_TEMPLATES, number=reference), reply_to=event.message_id
            ),
        ),
    )


def erasure_notice(
    reference: str, reason: ErasureReason, remaining: Sequence[SourceMessage], *, topic_deleted: bool
) -> str:
    """That a request is deleted, and what is left to the advisers to delete by hand; in Telegram HTML."""
    return render_template(
        "erased",
        ADVISERS_TEMPLATES,
        number=reference,
        why=reason.value,
        whole=topic_deleted,
        links=[_message_link(message) for message in remaining],
    )


def emptied_text() -> str:
    """What stands in a message that cannot be deleted."""
    return format_label("emptied", ADVISERS_TEMPLATES)


def erased_title(reference: str) -> str:
    """The name of a topic that cannot be deleted."""
    return format_label("erased_title", ADVISERS_TEMPLATES, number=reference)


def _message_link(message: SourceMessage) -> str:
    """The address of a message; "" where Telegram has none."""
    chat, number = message
    text = str(chat)
    return (
        f"https://t.me/c/{text.removeprefix(_SUPERGROUP_PREFIX)}/{number}"
        if text.startswith(_SUPERGROUP_PREFIX)
        else ""
    )


def report_undelivered(services: Services, call: OutgoingCall, reason: str) -> Sequence[SendMessage]:
    """Return the notices about a call that failed for good; a notice that fails in turn is not reported."""
    if isinstance(call, EraseThread | RequestMailDeletion):
        return _report_undeleted(services, call)
    request = None if isinstance(call, AlertOperator) else services.store.find_request(call.reference)
    if request is None:
        return ()
    if isinstance(call, SendMail) and services.adviser_chat is not None:
        return (message_to_advisers(request, render_template("mail_failed", ADVISERS_TEMPLATES)),)
    if isinstance(call, ApiCall) and call.method == DELETE_RELAYED:
        still_relayed = call.edit_of is not None and services.store.find_reply_to(call.chat_id, call.edit_of)
        return (
            (message_to_advisers(request, render_template("still_there", ADVISERS_TEMPLATES)),)
            if still_relayed
            else ()
        )
    thread = services.store.find_thread(request.reference)
    if isinstance(call, RefreshCard) and thread and thread.card:
        return ()  # a card that could not be brought up to date; the request itself is there
    if isinstance(call, ApiCall | RefreshCard) and call.chat_id == request.chat_id:
        is_blocked = any(phrase in reason for phrase in BLOCKED_REASONS)
        html = render_template("undelivered", ADVISERS_TEMPLATES, gone=is_blocked, details=request.details)
        return (message_to_advisers(request, html),)
    return (
        SendMessage(render_template("undelivered", request.lang, contact=services.contact), chat_id=request.chat_id),
    )


def _report_undeleted(services: Services, call: EraseThread | RequestMailDeletion) -> Sequence[SendMessage]:
    """Tell the advisers what is left of a deleted request, so that they can delete it by hand."""
    if services.adviser_chat is None:
        return ()
    if isinstance(call, RequestMailDeletion):
        html = render_template("unpost_failed", ADVISERS_TEMPLATES, number=call.reference)
    else:
        store, reference = services.store, call.reference
        remaining = [*store.erasure_queue(reference), *store.undeletable_messages(reference)]
        html = erasure_notice(reference, call.reason, remaining, topic_deleted=False)
    return (SendMessage(html, chat_id=services.adviser_chat),)
