"""The life cycle of a request: deadlines, closing, rating and reopening."""

import re
from dataclasses import replace

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.calendar import (
    DAY,
    JUMP_THRESHOLD,
    absences_at,
    answer_deadline,
    defer_to_return,
    next_closing,
    next_opening,
    promised_deadline,
)
from bot.domain.consultation import ContactChannel, Party, Request, RequestStatus
from bot.domain.effects import UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Button, Message, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import Services, TurnContext
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    message_to_advisers,
    message_to_requester,
    requester_row,
    retire_suggestions,
)
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

RATING_FACES = "😞🙁😐🙂😀"
MAX_COMMENT_LENGTH = 1_000  # characters
MAX_THANKS_WORDS = 15  # different ones; a longer text has more to say
WARNING_PERIOD = 2 * DAY  # between the warning and the closing


def check_deadlines(services: Services, request: Request) -> Turn | None:
    """Return what is due for a request that is not closed: a reminder, a notice or its closing; None if nothing is.

    At most one action is returned, so the caller checks again later.
    """
    now = services.now()
    if (corrected := _without_future_times(services, request, now)) != request:
        return Turn(State(), (), (UpdateRequest(corrected),))
    if request.remind_at and now >= request.remind_at:
        return _remind_advisers(replace(request, remind_at=0.0), now, "reminder")
    if request.turn is Party.ADVISER:
        days = services.answer_days or 1  # a promise is kept even if dates are no longer promised
        absences = services.absences  # a promise holds although an absence was entered after it
        told_absences = absences_at(request.since, absences)
        expected_by = max(request.promised, answer_deadline(request.since, days, told_absences))
        if request.promised and now >= expected_by and not request.told:
            return _send_late_notice(services, request, now)
        since, reminded = request.since, request.reminded
        due = next_closing(reminded, absences) if reminded else answer_deadline(since, 1, absences)
        if now >= defer_to_return(due, now, absences):
            return _remind_advisers(replace(request, reminded=now), now, "waiting")
        return None
    return _handle_silence(services, request, now)


def close_request(state: State, request: Request, now: float, template: str, adviser: str = "") -> Turn:
    """Close a request, notify the requester with a template, which may name the adviser, and ask for a rating."""
    rate_data = f"{REQUESTER_CALLBACK}rate:{request.reference}"
    rating_row = tuple(Button(face, f"{rate_data}:{rating}") for rating, face in enumerate(RATING_FACES, 1))
    rows = (rating_row, requester_row(request, "reopen"))
    notice = message_to_requester(request, template, rows, adviser=adviser)
    messages: tuple[Message, ...] = (
        notice,
        *retire_suggestions(request),
        RefreshCard(request.reference),
        AnswerCallback(),
    )
    return Turn(state, messages, (UpdateRequest(request.close(now)),))


def reopen_request(context: TurnContext, request: Request, by: str = "") -> Turn:
    """Reopen a closed request and notify both sides; ``by`` is the adviser who does so, "" for the requester."""
    if request.status is not RequestStatus.CLOSED or request.withdrawn:
        return context.toast(format_label("gone", request.lang))
    updated = request.reopen(context.services.now())
    end_row = (requester_row(updated, "end"),) if updated.talking else ()
    notice = message_to_requester(
        updated, "request_reopened", end_row, adviser=updated.adviser, talking=updated.talking
    )
    messages = (notice, RefreshCard(request.reference), announce_reopening(updated, by), AnswerCallback())
    return Turn(context.state, messages, (UpdateRequest(updated),))


def announce_reopening(request: Request, by: str = "") -> SendMessage:
    """Return the message that tells the advisers of a reopened request, and mentions the one who still has it."""
    return message_to_advisers(request, "reopened", by=by, id=request.taken_by, adviser=request.adviser)


def record_rating(state: State, request: Request, rating: str) -> Turn | None:
    """Record the rating of a closed request and ask for a comment; None if it is not valid."""
    if rating not in set("12345") or request.status is not RequestStatus.CLOSED:
        return None
    messages = (
        SendMessage(render_template("rated", request.lang), (requester_row(request, "nothing"),)),
        RefreshCard(request.reference),
        AnswerCallback(RATING_FACES[int(rating) - 1]),
    )
    updated = replace(request, rating=int(rating))
    return Turn(replace(state, rated=request.reference), messages, (UpdateRequest(updated),))


def abandons_comment(event: Event) -> bool:
    """Return whether the event shows that the person will not comment on their rating."""
    match event.kind:
        case EventKind.TEXT:
            return "?" in event.text
        case EventKind.BUTTON:
            return not event.text.startswith(REQUESTER_CALLBACK)
    return event.kind is EventKind.COMMAND


def record_comment(context: TurnContext) -> Turn | None:
    """Record a text as the comment on a rating, or thanks right after the end of a request; None for other texts."""
    state, event = context.state, context.event
    request = context.services.store.requests.find_request(state.rated) if state.rated else _find_thanked(context)
    if request is None or request.user_id != event.user_id:
        return None
    updated = replace(request, comment=event.text.strip()[:MAX_COMMENT_LENGTH])
    thanks = SendMessage(render_template("thanks_comment" if state.rated else "thanks_kept", request.lang))
    return Turn(replace(state, rated=""), (thanks, RefreshCard(request.reference)), (UpdateRequest(updated),))


def _find_thanked(context: TurnContext) -> Request | None:
    """Return the request that was just closed if a text thanks for it, instead of rating it by a tap."""
    text, since = context.event.text, context.services.now() - DAY
    words = set(re.findall(r"\w+", text.casefold()))
    thanks = {word for lang in SUPPORTED_LANGUAGES for word in format_label("typed_thanks", lang).split()}
    if "?" in text or len(words) > MAX_THANKS_WORDS or words.isdisjoint(thanks) or context.adviser_chat is None:
        return None
    closed = [
        request
        for request in context.requests
        if request.closed > max(since, context.state.minute) and not request.withdrawn and not request.comment
    ]
    return max(closed, key=lambda request: request.closed) if closed else None


def _without_future_times(services: Services, request: Request, now: float) -> Request:
    """Correct times that lie in the future because the clock was ahead when they were recorded."""
    latest = max(request.since, request.reminded, request.last_reminder, request.warned)
    opening = next_opening(now, services.absences)
    if latest <= now + JUMP_THRESHOLD and request.remind_at <= opening:
        return request
    promised = min(request.promised, promised_deadline(now, services.answer_days, services.absences))
    return replace(
        request,
        since=min(request.since, now),
        promised=promised if request.since > now else request.promised,
        reminded=min(request.reminded, now),
        last_reminder=min(request.last_reminder, now),
        remind_at=min(request.remind_at, opening),
        warned=min(request.warned, now),
    )


def _send_late_notice(services: Services, request: Request, now: float) -> Turn:
    actions = ("end",) * request.talking + ("done", "wait", "withdraw")
    notice = message_to_requester(
        request,
        "request_late",
        tuple(requester_row(request, action) for action in actions),
        contact=services.contact,
        here=request.details.reach is ContactChannel.TELEGRAM and services.adviser_chat is not None,
        talking=request.talking,
    )
    reminder = _remind_advisers(replace(request, told=now, reminded=now), now, "waiting")
    return replace(reminder, messages=(notice, *reminder.messages))


def _handle_silence(services: Services, request: Request, now: float) -> Turn | None:
    closes_at = request.since + services.close_days * DAY
    if request.warned and now >= max(closes_at, request.warned + WARNING_PERIOD):
        return close_request(State(), request, now, "request_closed_silence")
    if not request.warned and now >= closes_at - WARNING_PERIOD:
        warning = message_to_requester(request, "request_warned", (requester_row(request, "done"),))
        return Turn(State(), (warning,), (UpdateRequest(replace(request, warned=now)),))
    return None


def _remind_advisers(request: Request, now: float, template: str) -> Turn:
    since = format_date_and_time(request.since, ADVISERS_LANG)
    reminder = message_to_advisers(request, template, since=since, adviser=request.adviser, by=request.remind_by)
    remind_by = request.remind_by if request.remind_at else ""
    reminded = replace(request, last_reminder=now, remind_by=remind_by, speaker="")  # what follows needs a name
    return Turn(State(), (reminder, RefreshCard(request.reference)), (UpdateRequest(reminded),))
