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

from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, RetractMessages, UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import DeleteRelayed, EditRelayed, RefreshCard, RelayMessage, SendMessage
from bot.domain.turn import Album, State, Turn
from bot.flows.context import Services
from bot.flows.relay import notices
from bot.flows.relay.messages import (
    ADVISERS_TEMPLATES,
    adviser_button,
    message_to_advisers,
    message_to_requester,
    requester_button,
)
from prompts.render import render_template

NOTE_PREFIX = "//"  # what begins so stays among the advisers, an album with it as a whole
MAX_ALBUMS = 10  # of one adviser that are remembered


def handle_adviser_message(services: Services, state: State, event: Event) -> Turn | None:
    """What an adviser wrote or changed; None where it belongs to no request."""
    if event.kind not in MESSAGE_KINDS:
        return None
    request = _find_addressed_request(services, event)
    if request is None:
        if notice := notices.answer_erased_request(services, state, event, NOTE_PREFIX):
            return notice
        return (
            _say_belongs_nowhere(state, event)
            if _replies_to_bot(event) and not event.text.startswith(NOTE_PREFIX)
            else None
        )
    album = next((other for other in state.albums if other.id == event.album_id), Album(event.album_id))
    was_relayed = (
        event.kind is EventKind.EDITED
        and services.store.find_request_by_message(event.chat_id, event.message_id) is not None
    )
    if any(text.startswith(NOTE_PREFIX) for text in (event.text, *event.captions)):
        relayed_ids = {*album.messages, event.message_id} if was_relayed else album.messages
        return _keep_among_advisers(state, request, album, tuple(sorted(relayed_ids)))
    if album.note:
        return Turn(state)
    if event.kind is EventKind.EDITED:
        edit = EditRelayed(request.reference, request.chat_id, event.html, is_caption=bool(event.media_type))
        correction = CorrectTranscript(request.reference, Party.ADVISER, event.text)
        return Turn(state, (edit,), (correction,)) if was_relayed else Turn(state)
    if request.status is RequestStatus.CLOSED:
        return Turn(
            state,
            (
                message_to_advisers(
                    request, render_template("closed", ADVISERS_TEMPLATES), ((adviser_button(request, "reopen"),),)
                ),
            ),
        )
    extended_album = replace(album, messages=(*album.messages, event.message_id))
    return _relay_to_requester(services, _remember_album(state, extended_album), event, request)


def _keep_among_advisers(state: State, request: Request, album: Album, relayed_ids: tuple[int, ...]) -> Turn:
    """A note, and with it the whole of its album, stays among the advisers; what went out before is taken back."""
    messages = tuple(DeleteRelayed(request.reference, request.chat_id, message_id) for message_id in relayed_ids)
    effects = (RetractMessages(request.reference, relayed_ids),) if relayed_ids else ()
    return Turn(_remember_album(state, Album(album.id, note=True)), messages, effects)


def _remember_album(state: State, album: Album) -> State:
    if not album.id:
        return state
    others = (other for other in state.albums if other.id != album.id)
    return replace(state, albums=(*others, album)[-MAX_ALBUMS:])


def _relay_to_requester(services: Services, state: State, event: Event, request: Request) -> Turn:
    updated = assign_adviser(request, event) if request.status is RequestStatus.OPEN else request
    updated = replace(
        updated, talking=True, turn=Party.REQUESTER, since=services.now(), told=0.0, reminded=0.0, warned=0.0
    )
    opening: tuple[SendMessage, ...] = ()
    if not request.talking or request.status is RequestStatus.OPEN:  # it begins, or goes on with somebody else
        html = render_template("talk_begins", request.lang, adviser=event.name, number=request.reference)
        opening = (message_to_requester(request, html, ((requester_button(request, "end"),),)),)
    reply_to = None if event.reply_to is None else (event.chat_id, event.reply_to)
    relay = RelayMessage(request.reference, request.chat_id, reply_to=reply_to)
    refresh = (
        (RefreshCard(request.reference),) if (request.status, request.turn) != (updated.status, updated.turn) else ()
    )
    transcript_line = AppendTranscript(request.reference, Party.ADVISER, event.text or f"[{event.media_type}]")
    return Turn(state, (*opening, relay, *refresh), (UpdateRequest(updated), transcript_line))


def _replies_to_bot(event: Event) -> bool:
    """Whether it replies to a message of ours in a group without topics."""
    is_reply = event.reply_to is not None and event.addressed and event.kind is not EventKind.EDITED
    return is_reply and not event.private and not event.thread_id


def _say_belongs_nowhere(state: State, event: Event) -> Turn:
    """It belongs to no request, as a reply to a card does that was sent again because its answer was lost."""
    return Turn(state, (SendMessage(render_template("nowhere", ADVISERS_TEMPLATES), reply_to=event.message_id),))


def _find_addressed_request(services: Services, event: Event) -> Request | None:
    """The request whose topic this is, or whose message this replies to, or that was sent before its edit."""
    if request := services.store.find_request_by_topic(event.chat_id, event.thread_id):
        return request
    message_id = event.message_id if event.kind is EventKind.EDITED else event.reply_to
    return None if message_id is None else services.store.find_request_by_message(event.chat_id, message_id)


def assign_adviser(request: Request, event: Event) -> Request:
    """The request with this adviser."""
    return replace(request, status=RequestStatus.TAKEN, taken_by=event.user_id, adviser=event.name)
