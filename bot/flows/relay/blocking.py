"""Blocking somebody who abuses the advisers: for a time, with a way back, and told to them.

The bot goes on answering their questions, names the emergency numbers, and deletes their data if they want it.
"""

import re
from dataclasses import replace

from bot.domain.calendar import DAY
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import BlockRequester, Effect, UnblockRequester, UpdateRequest
from bot.domain.message import AnswerCallback, Message, RefreshCard
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.relay import lifecycle
from bot.flows.relay.desk import refuse_tap, say_at_desk
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    adviser_button,
    advisers_label,
    message_to_advisers,
    message_to_requester,
    render_advisers,
    retire_suggestions,
)
from prompts.dates import format_date

DEFAULT_DAYS, MAX_DAYS = 30, 365
_DAYS = re.compile(r"(\d{1,3})(?:\s*tage?n?)?|", re.IGNORECASE)


def handle_block_command(context: TurnContext, request: Request) -> Turn:
    """Return the turn of /sperren, which asks first; a number of days may follow."""
    match = _DAYS.fullmatch(context.event.text.strip())
    days = int(match[1] or DEFAULT_DAYS) if match else 0
    if not 1 <= days <= MAX_DAYS:
        return say_at_desk(context, "ban_usage", most=MAX_DAYS, days=DEFAULT_DAYS)
    buttons = (adviser_button(request, "ban", str(days)), adviser_button(request, "spare"))
    until = format_date(context.services.now() + days * DAY, ADVISERS_LANG)
    return Turn(context.state, (message_to_advisers(request, "ban", (buttons,), name=request.name, until=until),))


def handle_block_button(context: TurnContext, request: Request, days: str) -> Turn:
    """Return the turn that blocks a requester for some days, ends all their requests and tells them once."""
    if not days.isdecimal():
        return refuse_tap(context)
    services, now = context.services, context.services.now()
    until = now + int(days) * DAY
    when = format_date(until, ADVISERS_LANG)
    others = services.store.requests.requests_by_user(request.user_id)
    affected = [other for other in others if other.status is not RequestStatus.CLOSED or other == request]
    closed = [replace(other.close(now), blocked=until) for other in affected]
    told = format_date(until, request.lang)
    messages: list[Message] = [
        message_to_requester(request, "request_blocked", until=told),
        context.edit_tapped(render_advisers("banned", adviser=context.event.name, name=request.name, until=when)),
        *(retired for other in affected for retired in retire_suggestions(other)),
        *(RefreshCard(other.reference) for other in affected),
        AnswerCallback(),
    ]
    effects: tuple[Effect, ...] = (
        *(UpdateRequest(other) for other in closed),
        BlockRequester(request.user_id, until),
    )
    return Turn(context.state, tuple(messages), effects)


def spare_requester(context: TurnContext, request: Request, _: str) -> Turn:
    """Return the turn that blocks nobody."""
    return Turn(context.state, (context.edit_tapped(render_advisers("spared")), AnswerCallback()))


def handle_unblock_command(context: TurnContext, request: Request) -> Turn:
    """Return the turn of /entsperren, which tells the person that they may write again."""
    if context.services.store.desk.blocked_until(request.user_id) <= context.services.now():
        return say_at_desk(context, "not_banned")
    messages = (
        message_to_requester(request, "request_unblocked"),
        message_to_advisers(request, "unbanned", adviser=context.event.name, name=request.name),
        RefreshCard(request.reference),
    )
    return Turn(
        context.state, messages, (UpdateRequest(replace(request, blocked=0.0)), UnblockRequester(request.user_id))
    )


def reopen_unless_blocked(context: TurnContext, request: Request, _: str) -> Turn:
    """Return the turn of an adviser who reopens a request, whose requester must not be blocked."""
    if context.services.store.desk.blocked_until(request.user_id) > context.services.now():
        return context.toast(advisers_label("ban_lasts"))
    lines = context.services.store.requests.load_transcript(request.reference)
    talked = any(line.side == Party.ADVISER for line in lines)  # then the conversation goes on
    return lifecycle.reopen_request(context, replace(request, talking=talked), by=context.event.name)
