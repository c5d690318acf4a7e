"""The advisers' side: what they write in a request's thread goes to the person, and their buttons change its state.

```mermaid
stateDiagram-v2
    [*] --> open
    open --> taken: take, write
    taken --> open: release
    open --> closed: close, solved, withdrawn
    taken --> closed: close, solved, withdrawn, silence
    closed --> open: reopen
```
"""

from collections.abc import Callable
from dataclasses import replace

from bot.answer import Status as Answered
from bot.consultation import Request, Side, Status
from bot.flows import after
from bot.flows.card import DESK, LANG, ROOM
from bot.flows.parts import Parts
from bot.flows.talk import END
from bot.hours import next_morning, spoken
from bot.model import (
    Button,
    ChangeRequest,
    Copy,
    Event,
    Keyboard,
    Kind,
    Rewrite,
    Said,
    Say,
    State,
    Toast,
    Turn,
    Update,
)  # fmt: skip
from prompts.render import label, render

NOTE = "//"  # what begins so stays among the advisers
SUGGESTED = 3
Act = Callable[[Parts, State, Event, Request, str], Turn]


def message(parts: Parts, state: State, event: Event) -> Turn | None:
    """What an adviser wrote or changed; None where it belongs to no request."""
    if event.kind not in (Kind.TEXT, Kind.OTHER, Kind.EDITED):
        return None
    request = _meant(parts, event)
    if request is None:
        return None
    if event.kind is Kind.EDITED:
        changed = Rewrite(request.reference, request.chat_id, event.html, caption=bool(event.what))
        known = parts.store.request_of(event.chat_id, event.message_id) is not None
        return Turn(state, (changed,) if known and not event.text.startswith(NOTE) else ())
    if event.text.startswith(NOTE):
        return Turn(state)
    if request.status is Status.CLOSED:
        again = Button(label("reopen", ROOM), f"{DESK}reopen:{request.reference}")
        return Turn(state, (_say(request, render("closed", ROOM), ((again,),)),))
    return _brought(parts, state, event, request)


def _brought(parts: Parts, state: State, event: Event, request: Request) -> Turn:
    fresh = _taken(request, event) if request.status is Status.OPEN else request
    fresh = replace(fresh, talking=True, turn=Side.PERSON, since=parts.now(), told=0.0, reminded=0.0, warned=0.0)
    opening: tuple[Say, ...] = ()
    if not request.talking:
        end = Button(label("talk_end", request.lang), f"{END}:{request.reference}")
        html = render("talk_begins", request.lang, adviser=event.name, number=request.reference)
        opening = (Say(html, ((end,),), chat_id=request.chat_id, request=request.reference),)
    replies = None if event.reply_to is None else (event.chat_id, event.reply_to)
    copy = Copy(request.reference, request.chat_id, replies=replies)
    update = (Update(request.reference),) if (request.status, request.turn) != (fresh.status, fresh.turn) else ()
    said = Said(request.reference, Side.ADVISER, event.text or f"[{event.what}]")
    return Turn(state, (*opening, copy, *update), (ChangeRequest(fresh), said))


def button(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """An adviser's tap; None where the button or the request does not exist (any more), or is not theirs."""
    action, _, rest = rest.partition(":")
    reference, _, value = rest.partition(":")
    request = parts.store.request(reference)
    if request is None or action not in ACTS or event.chat_id != parts.desk:
        return None
    if not parts.advisers.includes(event):
        return Turn(state, (Toast(label("advisers_only", ROOM)),))
    return ACTS[action](parts, state, event, request, value)


def _take(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not Status.OPEN:
        return Turn(state, (Toast(label("taken_already", ROOM, adviser=request.adviser or "—")),))
    taken = _taken(request, event)
    told = render("request_taken", request.lang, adviser=event.name, number=request.reference)
    return _changed(state, taken, Say(told, chat_id=request.chat_id, request=request.reference))


def _release(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not Status.TAKEN:
        return Turn(state, (Toast(label("gone", ROOM)),))
    free = replace(request, status=Status.OPEN, taken_by=0, adviser="", talking=False)
    return _changed(state, free, _say(request, render("released", ROOM, adviser=event.name)))


def _close(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is Status.CLOSED:
        return Turn(state, (Toast(label("gone", ROOM)),))
    return after.closed(state, request, parts.now(), "request_closed")


def _reopen(parts: Parts, state: State, event: Event, request: Request, _: str) -> Turn:
    return after.reopened(parts, state, request)


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
    return Turn(state, (_say(request, html, tuple(rows)), Toast()))


def _answer(parts: Parts, state: State, event: Event, request: Request, entry: str) -> Turn:
    """Send an entry as the adviser's answer."""
    answer = parts.answerer.show(entry, request.lang)
    if answer is None or answer.status is not Answered.ANSWERED or request.status is Status.CLOSED:
        return Turn(state, (Toast(label("gone", ROOM)),))
    fresh = _taken(request, event) if request.status is Status.OPEN else request
    fresh = replace(fresh, turn=Side.PERSON, since=parts.now(), told=0.0, reminded=0.0, warned=0.0)
    html = render("adviser_sends", request.lang, adviser=event.name, html=answer.html)
    sent = Say(html, chat_id=request.chat_id, request=request.reference)
    done = _say(request, render("sent", ROOM, title=answer.sources[0].title))
    said = Said(request.reference, Side.ADVISER, answer.text)
    return Turn(state, (sent, done, Update(request.reference), Toast()), (ChangeRequest(fresh), said))


def _read(parts: Parts, state: State, event: Event, request: Request, entry: str) -> Turn:
    """Show an entry's text among the advisers, to be changed and sent by hand."""
    answer = parts.answerer.show(entry, request.lang)
    if answer is None:
        return Turn(state, (Toast(label("gone", ROOM)),))
    return Turn(state, (_say(request, render("text", ROOM, text=answer.text)), Toast()))


def _taken(request: Request, event: Event) -> Request:
    return replace(request, status=Status.TAKEN, taken_by=event.user_id, adviser=event.name)


def _changed(state: State, request: Request, *say: Say) -> Turn:
    return Turn(state, (*say, Update(request.reference), Toast()), (ChangeRequest(request),))


def _say(request: Request, html: str, keyboard: Keyboard = ()) -> Say:
    return Say(html, keyboard, request=request.reference, desk=True)


def _meant(parts: Parts, event: Event) -> Request | None:
    """The request whose topic this is, or whose message this replies to, or that was sent before its edit."""
    if request := parts.store.request_in(event.chat_id, event.thread_id):
        return request
    known = event.message_id if event.kind is Kind.EDITED else event.reply_to
    return None if known is None else parts.store.request_of(event.chat_id, known)


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
