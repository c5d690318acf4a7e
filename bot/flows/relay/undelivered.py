"""A message that did not arrive: the other side is told."""

from collections.abc import Sequence

from bot.domain.message import AlertOperator, RefreshCard, SendMail, SendMessage
from bot.flows.context import Services
from bot.flows.relay import notices
from bot.flows.relay.messages import ADVISERS_TEMPLATES, message_to_advisers
from bot.store.protocol import DELETE_RELAYED, ApiCall, EraseThread, OutgoingCall, RequestMailDeletion
from prompts.render import render_template

BLOCKED_REASONS = ("blocked by the user", "user is deactivated", "chat not found", "can't initiate")


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
        html = notices.erasure_notice(reference, call.reason, remaining, topic_deleted=False)
    return (SendMessage(html, chat_id=services.adviser_chat),)
