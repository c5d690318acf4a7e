"""What follows from the time alone: reminders, a word to somebody who waits in vain, and closing after silence."""

from dataclasses import replace

from bot.app.clock_guard import JUMP_THRESHOLD
from bot.domain.business_hours import answer_deadline, next_closing, next_opening
from bot.domain.consultation import ContactChannel, Party, Request
from bot.domain.effects import UpdateRequest
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from bot.flows.relay.lifecycle import close_request
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    ADVISERS_TEMPLATES,
    message_to_advisers,
    message_to_requester,
    requester_button,
)
from prompts.dates import format_date_and_time
from prompts.render import render_template

DAY = 86_400.0  # seconds
WARNING_PERIOD = 2 * DAY  # between the warning and the closing


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
