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

from bot.answering.answerer import AnswerStatus as Answered
from bot.domain.business_hours import next_opening
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, RetractMessages, UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import (
    AnswerCallback,
    Button,
    DeleteRelayed,
    EditRelayed,
    RefreshCard,
    RelayMessage,
    SendMessage,
)
from bot.domain.turn import Album, State, Turn
from bot.flows.callback_data import ADVISER_CALLBACK
from bot.flows.context import Services
from bot.flows.relay import lifecycle, notices
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    ADVISERS_TEMPLATES,
    adviser_button,
    message_to_advisers,
    message_to_requester,
    requester_button,
)
from prompts.dates import format_date_and_time
from prompts.render import format_label, render_template

NOTE_PREFIX = "//"  # what begins so stays among the advisers, an album with it as a whole
MAX_ALBUMS = 10  # of one adviser that are remembered
MAX_SUGGESTIONS = 3
AdviserAction = Callable[[Services, State, Event, Request, str], Turn]


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


def handle_adviser_callback(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """An adviser's tap; None where the button does not exist, or is not theirs."""
    action, _, data = data.partition(":")
    reference, _, value = data.partition(":")
    request = services.store.find_request(reference)
    if action not in ADVISER_ACTIONS or event.chat_id != services.adviser_chat:
        return None
    if request is None:
        return Turn(state, (AnswerCallback(format_label("erased", ADVISERS_TEMPLATES)),))
    if not services.advisers.includes(event):
        return Turn(state, (AnswerCallback(format_label("advisers_only", ADVISERS_TEMPLATES)),))
    return ADVISER_ACTIONS[action](services, state, event, request, value)


def _take_request(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not RequestStatus.OPEN:
        return Turn(
            state,
            (AnswerCallback(format_label("taken_already", ADVISERS_TEMPLATES, adviser=request.adviser or "—")),),
        )
    notice = render_template("request_taken", request.lang, adviser=event.name, number=request.reference)
    return _update_request(state, assign_adviser(request, event), message_to_requester(request, notice))


def _release_request(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is not RequestStatus.TAKEN:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    released = replace(request, status=RequestStatus.OPEN, taken_by=0, adviser="")
    notices: tuple[SendMessage, ...] = ()
    if request.talking:  # the conversation goes on with whoever takes it next
        html = render_template("request_released", request.lang, adviser=event.name, number=request.reference)
        notices = (message_to_requester(request, html, ((requester_button(request, "end"),),)),)
    return _update_request(
        state,
        released,
        *notices,
        message_to_advisers(request, render_template("released", ADVISERS_TEMPLATES, adviser=event.name)),
    )


def _close_request(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    return lifecycle.close_request(state, request, services.now(), "request_closed")


def _reopen_closed(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    return lifecycle.reopen_request(services, state, request)


def _schedule_reminder(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    if request.status is RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    remind_at = next_opening(services.now())
    toast = AnswerCallback(
        format_label("reminds", ADVISERS_TEMPLATES, when=format_date_and_time(remind_at, ADVISERS_LANG))
    )
    return Turn(state, (toast,), (UpdateRequest(replace(request, remind_at=remind_at)),))


def _suggest_entries(services: Services, state: State, event: Event, request: Request, _: str) -> Turn:
    """The best entries for what the person wrote last, each with a button to send it and one to read it first."""
    lines = [line.text for line in services.store.load_transcript(request.reference) if line.side == Party.REQUESTER]
    query = lines[-1] if lines else request.details.concern
    rows = []
    for entry, title in services.answerer.nearest_entries(query, MAX_SUGGESTIONS, request.lang):
        data = f"{request.reference}:{entry}"
        if len(f"{ADVISER_CALLBACK}answer:{data}".encode()) <= 64:
            rows.append(
                (
                    Button(f"➤ {title}", f"{ADVISER_CALLBACK}answer:{data}"),
                    Button("✎", f"{ADVISER_CALLBACK}read:{data}"),
                )
            )
    html = render_template("suggestions", ADVISERS_TEMPLATES, found=bool(rows))
    return Turn(state, (message_to_advisers(request, html, tuple(rows)), AnswerCallback()))


def _send_entry(services: Services, state: State, event: Event, request: Request, entry_id: str) -> Turn:
    """Send an entry as the adviser's answer."""
    answer = services.answerer.show_entry(entry_id, request.lang)
    if answer is None or answer.status is not Answered.ANSWERED or request.status is RequestStatus.CLOSED:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    updated = assign_adviser(request, event) if request.status is RequestStatus.OPEN else request
    updated = replace(updated, turn=Party.REQUESTER, since=services.now(), told=0.0, reminded=0.0, warned=0.0)
    html = render_template("adviser_sends", request.lang, adviser=event.name, html=answer.html)
    message = message_to_requester(request, html)
    confirmation = message_to_advisers(
        request, render_template("sent", ADVISERS_TEMPLATES, title=answer.sources[0].title)
    )
    transcript_line = AppendTranscript(request.reference, Party.ADVISER, answer.plain_text)
    return Turn(
        state,
        (message, confirmation, RefreshCard(request.reference), AnswerCallback()),
        (UpdateRequest(updated), transcript_line),
    )


def _preview_entry(services: Services, state: State, event: Event, request: Request, entry_id: str) -> Turn:
    """Show an entry's text among the advisers, to be changed and sent by hand."""
    answer = services.answerer.show_entry(entry_id, request.lang)
    if answer is None:
        return Turn(state, (AnswerCallback(format_label("gone", ADVISERS_TEMPLATES)),))
    return Turn(
        state,
        (
            message_to_advisers(request, render_template("text", ADVISERS_TEMPLATES, text=answer.plain_text)),
            AnswerCallback(),
        ),
    )


def _update_request(state: State, request: Request, *notices: SendMessage) -> Turn:
    return Turn(state, (*notices, RefreshCard(request.reference), AnswerCallback()), (UpdateRequest(request),))


ADVISER_ACTIONS: dict[str, AdviserAction] = {
    "take": _take_request,
    "release": _release_request,
    "close": _close_request,
    "reopen": _reopen_closed,
    "remind": _schedule_reminder,
    "suggest": _suggest_entries,
    "answer": _send_entry,
    "read": _preview_entry,
}
