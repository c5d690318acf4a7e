"""The end of a request: closing it, asking how it was, opening it again."""

from dataclasses import replace

from bot.domain.business_hours import answer_deadline, next_closing, next_opening
from bot.domain.consultation import ContactChannel, Party, Request, RequestStatus
from bot.domain.effects import UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Button, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import Services
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    ADVISERS_TEMPLATES,
    message_to_advisers,
    message_to_requester,
    requester_button,
)
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

RATING_FACES = "😞🙁😐🙂😀"
MAX_COMMENT_LENGTH = 1_000  # characters
DAY = 86_400.0  # seconds
JUMP_THRESHOLD = 3_600.0  # seconds; time servers correct less, and daylight saving does not affect Unix time
WARNING_PERIOD = 2 * DAY  # between the warning and the closing


def close_request(state: State, request: Request, now: float, template: str) -> Turn:
    """Close a request, tell the person by this template, and ask how it was."""
    updated = replace(request, status=RequestStatus.CLOSED, talking=False, closed=now, remind_at=0.0)
    rating_row = tuple(
        Button(face, f"{REQUESTER_CALLBACK}rate:{request.reference}:{n}") for n, face in enumerate(RATING_FACES, 1)
    )
    html = render_template(template, request.lang, number=request.reference)
    notice = message_to_requester(request, html, (rating_row, (requester_button(request, "reopen"),)))
    return Turn(state, (notice, RefreshCard(request.reference), AnswerCallback()), (UpdateRequest(updated),))


def reopen_request(services: Services, state: State, request: Request) -> Turn:
    """Open a closed request again; the advisers are told, and a new date is promised."""
    if request.status is not RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", request.lang)),))
    now = services.now()
    promised = answer_deadline(now, services.answer_days)
    updated = replace(
        request, status=RequestStatus.OPEN, taken_by=0, adviser="", turn=Party.ADVISER, since=now, promised=promised,
        told=0.0, reminded=0.0, warned=0.0, closed=0.0,
    )  # fmt: skip
    values = {
        "number": request.reference,
        "by": format_date_and_time(promised, request.lang),
        "talking": request.talking,
    }
    end_row = ((requester_button(request, "end"),),) if request.talking else ()
    notice = message_to_requester(request, render_template("request_reopened", request.lang, **values), end_row)
    adviser_notice = message_to_advisers(request, render_template("reopened", ADVISERS_TEMPLATES))
    return Turn(
        state, (notice, RefreshCard(request.reference), adviser_notice, AnswerCallback()), (UpdateRequest(updated),)
    )


def record_rating(state: State, request: Request, rating: str) -> Turn | None:
    """Keep how it was, and ask for a comment; the next message is it."""
    if rating not in set("12345") or request.status is not RequestStatus.CLOSED:
        return None
    html = render_template("rated", request.lang)
    return Turn(
        replace(state, rated=request.reference),
        (
            SendMessage(html, ((requester_button(request, "nothing"),),)),
            RefreshCard(request.reference),
            AnswerCallback(RATING_FACES[int(rating) - 1]),
        ),
        (UpdateRequest(replace(request, rating=int(rating))),),
    )


def abandons_comment(event: Event) -> bool:
    """Whether the person asks or does something else instead of commenting on their rating."""
    match event.kind:
        case EventKind.TEXT:
            return "?" in event.text
        case EventKind.BUTTON:
            return not event.text.startswith(REQUESTER_CALLBACK)
    return event.kind is EventKind.COMMAND


def record_comment(services: Services, state: State, event: Event) -> Turn | None:
    """Keep the comment; None where none is awaited."""
    request = services.store.find_request(state.rated) if state.rated else None
    if request is None or request.user_id != event.user_id:
        return None
    updated = replace(request, comment=event.text.strip()[:MAX_COMMENT_LENGTH])
    thanks = SendMessage(render_template("thanks_comment", request.lang))
    return Turn(replace(state, rated=""), (thanks, RefreshCard(request.reference)), (UpdateRequest(updated),))


def check_deadlines(services: Services, request: Request) -> Turn | None:
    """What is to be done about a request now; None where nothing is."""
    now = services.now()
    if (corrected := _without_future_times(services, request, now)) != request:
        return Turn(State(), (), (UpdateRequest(corrected),))
    if request.remind_at and now >= request.remind_at:
        return _remind_advisers(replace(request, remind_at=0.0), "reminder", request)
    if request.turn is Party.ADVISER:
        if request.promised and now >= _answer_deadline(services, request) and not request.told:
            return _send_late_notice(services, request, now)
        if now >= (next_closing(request.reminded) if request.reminded else answer_deadline(request.since, 1)):
            return _remind_advisers(replace(request, reminded=now), "waiting", request)
        return None
    return _handle_silence(services, request, now)


def _without_future_times(services: Services, request: Request, now: float) -> Request:
    """The request without times that are yet to come: the clock was ahead when they were noted."""
    latest = max(request.since, request.reminded, request.warned)
    if latest <= now + JUMP_THRESHOLD and request.remind_at <= next_opening(now):
        return request
    promised = min(request.promised, answer_deadline(now, services.answer_days))
    return replace(
        request,
        since=min(request.since, now),
        promised=promised if request.since > now else request.promised,
        reminded=min(request.reminded, now),
        remind_at=min(request.remind_at, next_opening(now)),
        warned=min(request.warned, now),
    )


def _answer_deadline(services: Services, request: Request) -> float:
    """Until when the person may expect an answer to what they wrote last."""
    return max(request.promised, answer_deadline(request.since, services.answer_days))


def _send_late_notice(services: Services, request: Request, now: float) -> Turn:
    by_telegram = request.details.reach is ContactChannel.TELEGRAM and services.adviser_chat is not None
    values = {
        "number": request.reference,
        "contact": services.contact,
        "here": by_telegram,
        "talking": request.talking,
    }
    html = render_template("request_late", request.lang, **values)
    actions = ("end",) * request.talking + ("done", "wait", "withdraw")
    keyboard = tuple((requester_button(request, action),) for action in actions)
    notice = message_to_requester(request, html, keyboard)
    updated = replace(request, told=now, reminded=now)
    reminder = _remind_advisers(updated, "waiting", request)
    return replace(reminder, messages=(notice, *reminder.messages))


def _handle_silence(services: Services, request: Request, now: float) -> Turn | None:
    closes_at = request.since + services.close_days * DAY
    if request.warned and now >= max(closes_at, request.warned + WARNING_PERIOD):
        return close_request(State(), request, now, "request_closed_silence")
    if not request.warned and now >= closes_at - WARNING_PERIOD:
        html = render_template("request_warned", request.lang, number=request.reference)
        warning = message_to_requester(request, html, ((requester_button(request, "done"),),))
        return Turn(State(), (warning,), (UpdateRequest(replace(request, warned=now)),))
    return None


def _remind_advisers(updated: Request, template: str, request: Request) -> Turn:
    html = render_template(
        template,
        ADVISERS_TEMPLATES,
        since=format_date_and_time(request.since, ADVISERS_LANG),
        adviser=request.adviser,
    )
    return Turn(State(), (message_to_advisers(request, html),), (UpdateRequest(updated),))
