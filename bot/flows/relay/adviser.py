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

from dataclasses import replace

from bot.domain.consultation import Request, Side, Status
from bot.domain.effects import ChangeRequest, Corrected, Said, TakenBack
from bot.domain.event import WRITTEN, Event, Kind
from bot.domain.message import Copy, Retract, Rewrite, Say, Update
from bot.domain.turn import Album, State, Turn
from bot.flows.context import Parts
from bot.flows.relay import notices
from bot.flows.relay.messages import ROOM, desk_button, person_button, to_desk, to_person
from prompts.render import render

NOTE = "//"  # what begins so stays among the advisers, an album with it as a whole
MOST_ALBUMS = 10  # of one adviser that are remembered


def message(parts: Parts, state: State, event: Event) -> Turn | None:
    """What an adviser wrote or changed; None where it belongs to no request."""
    if event.kind not in WRITTEN:
        return None
    request = _meant(parts, event)
    if request is None:
        if answer := notices.answered(parts, state, event, NOTE):
            return answer
        return _nowhere(state, event) if _to_us(event) and not event.text.startswith(NOTE) else None
    album = next((one for one in state.albums if one.id == event.album), Album(event.album))
    sent = event.kind is Kind.EDITED and parts.store.request_of(event.chat_id, event.message_id) is not None
    if any(text.startswith(NOTE) for text in (event.text, *event.captions)):
        gone_out = {*album.messages, event.message_id} if sent else album.messages
        return _among_advisers(state, request, album, tuple(sorted(gone_out)))
    if album.note:
        return Turn(state)
    if event.kind is Kind.EDITED:
        changed = Rewrite(request.reference, request.chat_id, event.html, caption=bool(event.what))
        corrected = Corrected(request.reference, Side.ADVISER, event.text)
        return Turn(state, (changed,), (corrected,)) if sent else Turn(state)
    if request.status is Status.CLOSED:
        return Turn(state, (to_desk(request, render("closed", ROOM), ((desk_button(request, "reopen"),),)),))
    brought = replace(album, messages=(*album.messages, event.message_id))
    return _brought(parts, _with_album(state, brought), event, request)


def _among_advisers(state: State, request: Request, album: Album, gone_out: tuple[int, ...]) -> Turn:
    """A note, and with it the whole of its album, stays among the advisers; what went out before is taken back."""
    messages = tuple(Retract(request.reference, request.chat_id, message) for message in gone_out)
    effects = (TakenBack(request.reference, gone_out),) if gone_out else ()
    return Turn(_with_album(state, Album(album.id, note=True)), messages, effects)


def _with_album(state: State, album: Album) -> State:
    if not album.id:
        return state
    others = (one for one in state.albums if one.id != album.id)
    return replace(state, albums=(*others, album)[-MOST_ALBUMS:])


def _brought(parts: Parts, state: State, event: Event, request: Request) -> Turn:
    fresh = taken(request, event) if request.status is Status.OPEN else request
    fresh = replace(fresh, talking=True, turn=Side.PERSON, since=parts.now(), told=0.0, reminded=0.0, warned=0.0)
    opening: tuple[Say, ...] = ()
    if not request.talking or request.status is Status.OPEN:  # it begins, or goes on with somebody else
        html = render("talk_begins", request.lang, adviser=event.name, number=request.reference)
        opening = (to_person(request, html, ((person_button(request, "end"),),)),)
    replies = None if event.reply_to is None else (event.chat_id, event.reply_to)
    copy = Copy(request.reference, request.chat_id, replies=replies)
    update = (Update(request.reference),) if (request.status, request.turn) != (fresh.status, fresh.turn) else ()
    said = Said(request.reference, Side.ADVISER, event.text or f"[{event.what}]")
    return Turn(state, (*opening, copy, *update), (ChangeRequest(fresh), said))


def _to_us(event: Event) -> bool:
    """Whether it replies to a message of ours in a group without topics."""
    replies = event.reply_to is not None and event.addressed and event.kind is not Kind.EDITED
    return replies and not event.private and not event.thread_id


def _nowhere(state: State, event: Event) -> Turn:
    """It belongs to no request, as a reply to a card does that was sent again because its answer was lost."""
    return Turn(state, (Say(render("nowhere", ROOM), reply_to=event.message_id),))


def _meant(parts: Parts, event: Event) -> Request | None:
    """The request whose topic this is, or whose message this replies to, or that was sent before its edit."""
    if request := parts.store.request_in(event.chat_id, event.thread_id):
        return request
    known = event.message_id if event.kind is Kind.EDITED else event.reply_to
    return None if known is None else parts.store.request_of(event.chat_id, known)


def taken(request: Request, event: Event) -> Request:
    """The request with this adviser."""
    return replace(request, status=Status.TAKEN, taken_by=event.user_id, adviser=event.name)
