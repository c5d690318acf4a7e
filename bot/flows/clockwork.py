"""What follows from the time alone: reminders, a word to somebody who waits in vain, and closing after silence."""

from dataclasses import replace

from bot.consultation import Reach, Request, Side
from bot.flows.after import ASIDE, closed
from bot.flows.card import LANG, ROOM
from bot.flows.parts import Parts
from bot.hours import answer_by, spoken
from bot.model import Button, ChangeRequest, Say, State, Turn
from prompts.render import label, render

DAY = 86_400.0  # seconds
NOTICE = 2 * DAY  # between the warning and the closing


def due(parts: Parts, request: Request) -> Turn | None:
    """What is to be done about a request now; None where nothing is."""
    now = parts.now()
    if request.remind_at and now >= request.remind_at:
        return _desk(replace(request, remind_at=0.0), "reminder", request)
    if request.turn is Side.ADVISER:
        if request.promised and now >= _expected(parts, request) and not request.told:
            return _late(parts, request, now)
        if now >= answer_by(max(request.since, request.reminded), 1):
            return _desk(replace(request, reminded=now), "waiting", request)
        return None
    return _silent(parts, request, now)


def _expected(parts: Parts, request: Request) -> float:
    """Until when the person may expect an answer to what they wrote last."""
    return max(request.promised, answer_by(request.since, parts.answer_days))


def _late(parts: Parts, request: Request, now: float) -> Turn:
    wait = Button(label("person_wait", request.lang), f"{ASIDE}wait:{request.reference}")
    withdraw = Button(label("person_withdraw", request.lang), f"{ASIDE}withdraw:{request.reference}")
    here = request.details.reach is Reach.HERE and parts.desk is not None
    html = render("request_late", request.lang, number=request.reference, contact=parts.contact, here=here)
    done = Button(label("person_done", request.lang), f"{ASIDE}done:{request.reference}")
    told = Say(html, ((done,), (wait,), (withdraw,)), chat_id=request.chat_id, request=request.reference)
    fresh = replace(request, told=now, reminded=now, talking=False)
    desk = _desk(fresh, "waiting", request)
    return replace(desk, messages=(told, *desk.messages))


def _silent(parts: Parts, request: Request, now: float) -> Turn | None:
    ends = request.since + parts.close_days * DAY
    if request.warned and now >= max(ends, request.warned + NOTICE):
        return closed(State(), request, now, "request_closed_silence")
    if not request.warned and now >= ends - NOTICE:
        html = render("request_warned", request.lang, number=request.reference)
        done = Button(label("person_done", request.lang), f"{ASIDE}done:{request.reference}")
        told = Say(html, ((done,),), chat_id=request.chat_id, request=request.reference)
        return Turn(State(), (told,), (ChangeRequest(replace(request, warned=now)),))
    return None


def _desk(fresh: Request, template: str, request: Request) -> Turn:
    html = render(template, ROOM, since=spoken(request.since, LANG), adviser=request.adviser)
    return Turn(State(), (Say(html, request=request.reference, desk=True),), (ChangeRequest(fresh),))
