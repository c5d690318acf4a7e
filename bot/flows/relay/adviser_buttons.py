"""The buttons of advisers: on the card of a request, and under what follows from it."""

from collections.abc import Callable
from dataclasses import replace

from bot.answering.answerer import Status as Answered
from bot.domain.business_hours import next_morning
from bot.domain.consultation import Request, Side, Status
from bot.domain.effects import ChangeRequest, Said
from bot.domain.event import Event
from bot.domain.message import Button, Say, Toast, Update
from bot.domain.turn import State, Turn
from bot.flows.callback_data import DESK
from bot.flows.context import Parts
from bot.flows.relay import lifecycle
from bot.flows.relay.adviser import taken
from bot.flows.relay.messages import LANG, ROOM, person_button, to_desk, to_person
from prompts.dates import spoken
from prompts.render import label, render

SUGGESTED = 3
Act = Callable[[Parts, State, Event, Request, str], Turn]


def button(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """An adviser's tap; None where the button does not exist, or is not theirs."""
    action, _, rest = rest.partition(":")
    reference, _, value = rest.partition(":")
    request = parts.store.request(reference)
    if action not in ACTS or event.chat_id != parts.desk:
        return None
    if request is None:
        return Turn(state, (Toast(label("erased", ROOM)),))
    if not parts.advisers.includes(event):
        return Turn(state, (Toast(label("advisers_only", ROOM)),))
    return ACTS[action](parts, state, event, request, value)


def _take(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not Status.OPEN:
        return Turn(state, (Toast(label("taken_already", ROOM, adviser=request.adviser or "—")),))
    told = render("request_taken", request.lang, adviser=event.name, number=request.reference)
    return _changed(state, taken(request, event), to_person(request, told))


def _release(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not Status.TAKEN:
        return Turn(state, (Toast(label("gone", ROOM)),))
    free = replace(request, status=Status.OPEN, taken_by=0, adviser="")
    told: tuple[Say, ...] = ()
    if request.talking:  # the conversation goes on with whoever takes it next
        html = render("request_released", request.lang, adviser=event.name, number=request.reference)
        told = (to_person(request, html, ((person_button(request, "end"),),)),)
    return _changed(state, free, *told, to_desk(request, render("released", ROOM, adviser=event.name)))


def _close(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is Status.CLOSED:
        return Turn(state, (Toast(label("gone", ROOM)),))
    return lifecycle.closed(state, request, parts.now(), "request_closed")


def _reopen(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    return lifecycle.reopened(parts, state, request)


def _remind(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is Status.CLOSED:
        return Turn(state, (Toast(label("gone", ROOM)),))
    then = next_morning(parts.now())
    toast = Toast(label("reminds", ROOM, when=spoken(then, LANG)))
    return Turn(state, (toast,), (ChangeRequest(replace(request, remind_at=then)),))


def _suggest(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    """The best entries for what the person wrote last, each with a button to send it and one to read it first."""
    lines = [line.text for line in parts.store.lines(request.reference) if line.side == Side.PERSON]
    wanted = lines[-1] if lines else request.details.concern
    rows = []
    for entry, title in parts.answerer.nearest(wanted, SUGGESTED, request.lang):
        data = f"{request.reference}:{entry}"
        if len(f"{DESK}answer:{data}".encode()) <= 64:
            rows.append((Button(f"➤ {title}", f"{DESK}answer:{data}"), Button("✎", f"{DESK}read:{data}")))
    html = render("suggestions", ROOM, found=bool(rows))
    return Turn(state, (to_desk(request, html, tuple(rows)), Toast()))


def _answer(parts: Parts, state: State, event: Event, request: Request, entry: str) -> Turn:
    """Send an entry as the adviser's answer."""
    answer = parts.answerer.show(entry, request.lang)
    if answer is None or answer.status is not Answered.ANSWERED or request.status is Status.CLOSED:
        return Turn(state, (Toast(label("gone", ROOM)),))
    fresh = taken(request, event) if request.status is Status.OPEN else request
    fresh = replace(fresh, turn=Side.PERSON, since=parts.now(), told=0.0, reminded=0.0, warned=0.0)
    html = render("adviser_sends", request.lang, adviser=event.name, html=answer.html)
    sent = to_person(request, html)
    done = to_desk(request, render("sent", ROOM, title=answer.sources[0].title))
    said = Said(request.reference, Side.ADVISER, answer.text)
    return Turn(state, (sent, done, Update(request.reference), Toast()), (ChangeRequest(fresh), said))


def _read(parts: Parts, state: State, event: Event, request: Request, entry: str) -> Turn:
    """Show an entry's text among the advisers, to be changed and sent by hand."""
    answer = parts.answerer.show(entry, request.lang)
    if answer is None:
        return Turn(state, (Toast(label("gone", ROOM)),))
    return Turn(state, (to_desk(request, render("text", ROOM, text=answer.text)), Toast()))


def _changed(state: State, request: Request, *say: Say) -> Turn:
    return Turn(state, (*say, Update(request.reference), Toast()), (ChangeRequest(request),))


ACTS: dict[str, Act] = {
    "take": _take,
    "release": _release,
    "close": _close,
    "reopen": _reopen,
    "remind": _remind,
    "suggest": _suggest,
    "answer": _answer,
    "read": _read,
}
