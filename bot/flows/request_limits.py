"""Limits on one person's requests for advice; a refusal says which alternatives remain.

The limits follow from the person's requests in the store, so a restart does not lift them.
"""

from collections.abc import Sequence

from bot.domain.calendar import DAY, times_within
from bot.domain.consultation import Request
from bot.domain.message import AnswerCallback, Button, Keyboard, SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import TurnContext
from prompts.dates import format_date
from prompts.render import format_label, render_template

MAX_OPEN_REQUESTS = 3  # of one person at a time
MAX_NEW_REQUESTS = 5  # of one person within a day
MAX_REOPENINGS = 3  # of one person's requests within a day


def refuse_new_request(context: TurnContext) -> Turn | None:
    """Return the turn that refuses another request; None if the person may send one."""
    if refusal := refuse_blocked(context, context.lang):
        return refusal
    if len(context.open_requests) >= MAX_OPEN_REQUESTS:
        return _build_refusal(context, context.lang, "open", context.open_requests)
    created = (request.created for request in context.requests)
    if len(times_within(created, context.services.now(), DAY)) >= MAX_NEW_REQUESTS:
        return _build_refusal(context, context.lang, "new")
    return None


def refuse_blocked(context: TurnContext, lang: str) -> Turn | None:
    """Return the turn that says until when the advisers block the person; None if they do not."""
    until = context.services.store.desk.blocked_until(context.event.user_id)
    if until <= context.services.now():
        return None
    html = render_template("request_blocked", lang, number="", until=format_date(until, lang))
    return Turn(context.state, (SendMessage(html), AnswerCallback()))


def refuse_reopening(context: TurnContext, request: Request) -> Turn | None:
    """Return the turn that refuses to reopen the person's closed request; None if they may."""
    if refusal := refuse_blocked(context, request.lang):
        return refusal
    if len(context.open_requests) >= MAX_OPEN_REQUESTS:
        return _build_refusal(context, request.lang, "open", context.open_requests)
    reopened = (time for other in context.requests for time in other.reopened)
    if len(times_within(reopened, context.services.now(), DAY)) >= MAX_REOPENINGS:
        return _build_refusal(context, request.lang, "reopened")
    return None


def _build_refusal(context: TurnContext, lang: str, limit: str, open_requests: Sequence[Request] = ()) -> Turn:
    html = render_template(
        "request_limit",
        lang,
        form=context.state.form is not None,
        why=limit,
        numbers=[request.reference for request in open_requests],
        contact=context.services.contact,
        desk=context.adviser_chat is not None,
    )
    return Turn(context.state, (SendMessage(html, _withdraw_buttons(open_requests, lang)), AnswerCallback()))


def _withdraw_buttons(requests: Sequence[Request], lang: str) -> Keyboard:
    label, references = format_label("person_withdraw", lang), [request.reference for request in requests]
    return tuple((Button(f"{label}: {ref}", f"{REQUESTER_CALLBACK}withdraw:{ref}"),) for ref in references)
