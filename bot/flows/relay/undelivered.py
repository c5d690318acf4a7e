"""A message that did not arrive: the other side is told."""

from collections.abc import Sequence

from bot.domain.message import Say
from bot.flows.context import Parts
from bot.flows.relay import notices
from bot.flows.relay.messages import ROOM, to_desk
from bot.store.protocol import CARD, ERASE, MAIL, RETRACT, UNPOST, Outgoing, Why
from prompts.render import render

BLOCKED = ("blocked by the user", "user is deactivated", "chat not found", "can't initiate")


def undelivered(parts: Parts, outgoing: Outgoing, reason: str) -> Sequence[Say]:
    """What to say to whom when a call about a request failed for good. What tells this is not reported in turn."""
    if outgoing.method in (ERASE, UNPOST):
        return _undeleted(parts, outgoing)
    request = parts.store.request(outgoing.request)
    if request is None:
        return ()
    if outgoing.method == MAIL and parts.desk is not None:
        return (to_desk(request, render("mail_failed", ROOM)),)
    if outgoing.method == RETRACT:
        there = outgoing.edits is not None and parts.store.caused(outgoing.chat_id, outgoing.edits)
        return (to_desk(request, render("still_there", ROOM)),) if there else ()
    thread = parts.store.thread(request.reference)
    if outgoing.method == CARD and thread and thread.card:
        return ()  # a card that could not be brought up to date; the request itself is there
    if outgoing.chat_id == request.chat_id:
        blocked = any(words in reason for words in BLOCKED)
        html = render("undelivered", ROOM, gone=blocked, details=request.details)
        return (to_desk(request, html),)
    return (Say(render("undelivered", request.lang, contact=parts.contact), chat_id=request.chat_id),)


def _undeleted(parts: Parts, outgoing: Outgoing) -> Sequence[Say]:
    """The advisers learn what is left of a deleted request, so that they delete it by hand."""
    if parts.desk is None:
        return ()
    if outgoing.method == UNPOST:
        return (Say(render("unpost_failed", ROOM, number=outgoing.request), chat_id=parts.desk),)
    left = [*parts.store.remains(outgoing.request), *parts.store.left(outgoing.request)]
    why = Why(outgoing.params["why"])
    return (Say(notices.notice(outgoing.request, why, left, whole=False), chat_id=parts.desk),)
