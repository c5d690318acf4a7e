"""Limits on one person's requests for advice; a refusal says which alternatives remain.

The limits follow from the person's requests in the store, so a restart does not lift them.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.calendar import DAY, times_within
from bot.domain.consultation import Request
from bot.domain.message import AnswerCallback, Button, EditKeyboard, EditMessage, Keyboard, Message, SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import (
    COMMAND_CALLBACK,
    REQUEST_ADVICE,
    REQUESTER_CALLBACK,
    SELFCHECK_ADVICE_CALLBACK,
    START_ADVICE_CALLBACK,
)
from bot.flows.context import TurnContext
from prompts.dates import format_date
from prompts.render import format_label, render_template

MAX_OPEN_REQUESTS = 3  # of one person at a time
MAX_NEW_REQUESTS = 5  # of one person within a day
MAX_REOPENINGS = 3  # of one person's requests within a day
ADVICE_CALLBACKS = frozenset(
    (REQUEST_ADVICE, START_ADVICE_CALLBACK, SELFCHECK_ADVICE_CALLBACK, f"{COMMAND_CALLBACK}beratung")
)  # of the buttons that begin a request
WITH_KEYBOARD = (SendMessage, EditMessage, EditKeyboard)


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
    if not context.is_blocked:
        return None
    html = render_template("request_blocked", lang, number="", until=format_date(context.blocked_until, lang))
    return Turn(context.state, (SendMessage(html), AnswerCallback()))


def withhold_advice(context: TurnContext, turn: Turn) -> Turn:
    """Return the turn; while the advisers block the person, without the buttons that begin a request."""
    is_offered = any(_offers_advice(button) for message in turn.messages for button in _buttons(message))
    if not is_offered or not context.event.private or not context.is_blocked:
        return turn
    return replace(turn, messages=tuple(map(_without_advice, turn.messages)))


def _without_advice(message: Message) -> Message:
    if not isinstance(message, WITH_KEYBOARD) or not any(map(_offers_advice, _buttons(message))):
        return message
    rows = (tuple(button for button in row if not _offers_advice(button)) for row in message.keyboard)
    return replace(message, keyboard=tuple(filter(None, rows)))


def _buttons(message: Message) -> list[Button]:
    return [button for row in message.keyboard for button in row] if isinstance(message, WITH_KEYBOARD) else []


def _offers_advice(button: Button) -> bool:
    return button.data in ADVICE_CALLBACKS


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
