"""What follows from the time alone: reminders, a word to somebody who waits in vain, and closing after silence."""

from dataclasses import replace

from bot.app.clock_guard import JUMP
from bot.domain.business_hours import answer_by, next_evening, next_morning
from bot.domain.consultation import Reach, Request, Side
from bot.domain.effects import ChangeRequest
from bot.domain.turn import State, Turn
from bot.flows.context import Parts
from bot.flows.relay.lifecycle import closed
from bot.flows.relay.messages import LANG, ROOM, person_button, to_desk, to_person
from prompts.dates import spoken
from prompts.render import render

DAY = 86_400.0  # seconds
NOTICE = 2 * DAY  # between the warning and the closing


def due(parts: Parts, request: Request) -> Turn | None:
    """What is to be done about a request now; None where nothing is."""
    now = parts.now()
    if (possible := _possible(parts, request, now)) != request:
        return Turn(State(), (), (ChangeRequest(possible),))
    if request.remind_at and now >= request.remind_at:
        return _desk(replace(request, remind_at=0.0), "reminder", request)
    if request.turn is Side.ADVISER:
        if request.promised and now >= _expected(parts, request) and not request.told:
            return _late(parts, request, now)
        if now >= (next_evening(request.reminded) if request.reminded else answer_by(request.since, 1)):
            return _desk(replace(request, reminded=now), "waiting", request)
        return None
    return _silent(parts, request, now)


def _possible(parts: Parts, request: Request, now: float) -> Request:
    """The request without times that are yet to come: the clock was ahead when they were noted."""
    noted = max(request.since, request.reminded, request.warned)
    if noted <= now + JUMP and request.remind_at <= next_morning(now):
        return request
    promised = min(request.promised, answer_by(now, parts.answer_days))
    return replace(
        request,
        since=min(request.since, now),
        promised=promised if request.since > now else request.promised,
        reminded=min(request.reminded, now),
        remind_at=min(request.remind_at, next_morning(now)),
        warned=min(request.warned, now),
    )


def _expected(parts: Parts, request: Request) -> float:
    """Until when the person may expect an answer to what they wrote last."""
    return max(request.promised, answer_by(request.since, parts.answer_days))


def _late(parts: Parts, request: Request, now: float) -> Turn:
    here = request.details.reach is Reach.HERE and parts.desk is not None
    values = {"number": request.reference, "contact": parts.contact, "here": here, "talking": request.talking}
    html = render("request_late", request.lang, **values)
    actions = ("end",) * request.talking + ("done", "wait", "withdraw")
    choice = tuple((person_button(request, action),) for action in actions)
    told = to_person(request, html, choice)
    fresh = replace(request, told=now, reminded=now)
    desk = _desk(fresh, "waiting", request)
    return replace(desk, messages=(told, *desk.messages))


def _silent(parts: Parts, request: Request, now: float) -> Turn | None:
    ends = request.since + parts.close_days * DAY
    if request.warned and now >= max(ends, request.warned + NOTICE):
        return closed(State(), request, now, "request_closed_silence")
    if not request.warned and now >= ends - NOTICE:
        html = render("request_warned", request.lang, number=request.reference)
        told = to_person(request, html, ((person_button(request, "done"),),))
        return Turn(State(), (told,), (ChangeRequest(replace(request, warned=now)),))
    return None


def _desk(fresh: Request, template: str, request: Request) -> Turn:
    html = render(template, ROOM, since=spoken(request.since, LANG), adviser=request.adviser)
    return Turn(State(), (to_desk(request, html),), (ChangeRequest(fresh),))
