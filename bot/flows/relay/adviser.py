"""The advisers' side: messages in a request's thread go to the requester; buttons change its status.

```mermaid
stateDiagram-v2
    [*] --> open
    open --> taken: take, write
    taken --> open: release
    open --> closed: close, solved, withdrawn
    taken --> closed: close, solved, withdrawn, silence
    closed --> taken: reopen
    closed --> open: reopen, if nobody had it
```
"""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.calendar import next_opening
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, RetractMessages, UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import (
    AnswerCallback,
    ConfirmNote,
    DeleteRelayed,
    EditRelayed,
    Message,
    RefreshCard,
    RelayMessage,
    SendMessage,
)
from bot.domain.turn import Album, State, Turn
from bot.flows.context import TurnContext
from bot.flows.relay import (
    blocking,
    colleagues,
    lifecycle,
    mistyped,
    notices,
    private_notes,
    suggestions,
    text_blocks,
    undo,
)
from bot.flows.relay.albums import note_album_message, remember_album
from bot.flows.relay.desk import (
    answered_by,
    find_addressed_request,
    refuse_tap,
    update_request,
)
from bot.flows.relay.messages import (
    ADVISERS_LANG,
    adviser_button,
    advisers_label,
    message_to_advisers,
    message_to_requester,
    render_advisers,
    requester_row,
)
from bot.flows.relay.reception import HERE_ACTION
from bot.flows.relay.signature import sign_edit, sign_relay
from prompts.dates import format_date_and_time

NOTE_PREFIX = "//"  # marks a message, and its whole album, as a note among the advisers
AdviserAction = Callable[[TurnContext, Request, str], Turn]


def handle_adviser_message(context: TurnContext) -> Turn | None:
    """Return the turn of a message that an adviser wrote or edited; None if it belongs to no request."""
    state, event = context.state, context.event
    if event.kind not in MESSAGE_KINDS:
        return None
    request = find_addressed_request(context)
    if request is None:
        return notices.answer_erased_request(context, NOTE_PREFIX) or _report_no_request(state, event)
    album = next((other for other in state.albums if other.id == event.album_id), Album(event.album_id))
    store = context.services.store
    is_edit = event.kind is EventKind.EDITED
    was_relayed = is_edit and store.requests.find_request_by_message(event.chat_id, event.message_id) is not None
    is_note = any(text.startswith(NOTE_PREFIX) for text in (event.text, *event.captions))
    if not is_note and mistyped.begins_with_slash(event):
        if is_edit:
            return mistyped.refuse_slash(context) if was_relayed else Turn(state)
        if not album.note and event.message_id not in album.messages:
            return mistyped.refuse_album(context, album)
    if is_note or (request.private_notes and not is_edit):
        relayed_ids = {*album.messages, event.message_id} if was_relayed else album.messages
        return _keep_among_advisers(context, request, album, tuple(sorted(relayed_ids)))
    if album.note or (is_edit and not was_relayed):
        return Turn(state)
    if is_edit:
        edit = EditRelayed(request.reference, request.chat_id, event.html, is_caption=bool(event.media_type))
        signed = store.requests.is_copy_signed(request.reference, (event.chat_id, event.message_id))
        edit = sign_edit(request, Party.ADVISER, edit, event, signed=signed)
        return Turn(state, (edit,), (CorrectTranscript(request.reference, Party.ADVISER, event.text),))
    if event.message_id in album.messages:
        return note_album_message(state, request, Party.ADVISER, event)
    if request.status is RequestStatus.CLOSED:
        rows = () if request.withdrawn else ((adviser_button(request, "reopen"),),)
        return Turn(state, (message_to_advisers(request, "closed", rows, withdrawn=request.withdrawn),))
    is_reply = event.reply_to not in (None, event.thread_id)  # what stands in a topic is a reply to its beginning
    rest = () if is_reply else event.album_rest
    return _relay_to_requester(
        context.with_state(remember_album(state, album, event.message_id, *rest)), request, rest
    )


def handle_adviser_callback(context: TurnContext, data: str) -> Turn | None:
    """Return the turn of an adviser's tap; None if the button is unknown or not in the advisers' chat.

    ``data`` is "<action>:<reference>[:<entry>]".
    """
    action, _, data = data.partition(":")
    reference, _, value = data.partition(":")
    request = context.services.store.requests.find_request(reference)
    if action == HERE_ACTION and context.event.chat_id == context.adviser_chat:
        return context.toast(advisers_label("known"))
    if action not in ADVISER_ACTIONS or context.event.chat_id != context.adviser_chat:
        return None
    if request is None:
        return context.toast(advisers_label("erased"))
    if context.services.find_desk(request) != context.event.chat_id:  # it belongs to another desk now
        return refuse_tap(context)
    if not context.services.advisers.includes(context.event):
        return context.toast(advisers_label("advisers_only"))
    return ADVISER_ACTIONS[action](context, request, value)


def _keep_among_advisers(context: TurnContext, request: Request, album: Album, relayed_ids: tuple[int, ...]) -> Turn:
    """Keep a note and its album from the requester, with a sign that it is, and delete what was already relayed."""
    deletions = [DeleteRelayed(request.reference, request.chat_id, message_id) for message_id in relayed_ids]
    sign = () if album.note else (ConfirmNote(request.reference),)  # an album has it once
    messages: tuple[Message, ...] = (*deletions, *sign)
    retraction = (RetractMessages(request.reference, relayed_ids),) if relayed_ids else ()
    # The message with the adviser's name may be the one that is deleted.
    unnamed = (UpdateRequest(replace(request, speaker="")),) if relayed_ids and request.speaker else ()
    return Turn(remember_album(context.state, Album(album.id, note=True)), messages, (*retraction, *unnamed))


def _relay_to_requester(context: TurnContext, request: Request, album: tuple[int, ...]) -> Turn:
    event = context.event
    reply_to = None if event.reply_to is None else (event.chat_id, event.reply_to)
    relay = RelayMessage(request.reference, request.chat_id, reply_to=reply_to, album=album)
    updated, relay = sign_relay(answered_by(context, request), Party.ADVISER, relay, event, context.services.now())
    updated = replace(updated, talking=True)
    opening: tuple[SendMessage, ...] = ()
    if not request.talking or request.status is RequestStatus.OPEN:  # begins, or continues with another adviser
        end_row = (requester_row(request, "end"),)
        opening = (message_to_requester(request, "talk_begins", end_row, adviser=event.name),)
    elif not request.has_participant(event.user_id):
        opening = (message_to_requester(request, "talk_joined", adviser=event.name),)
    is_card_outdated = (request.status, request.turn) != (updated.status, updated.turn)
    refresh = (RefreshCard(request.reference),) if is_card_outdated else ()
    text = event.text or f"[{event.media_type}]"
    line = AppendTranscript(request.reference, Party.ADVISER, text, signed=bool(relay.html))
    return Turn(context.state, (*opening, relay, *refresh), (UpdateRequest(updated), line))


def _report_no_request(state: State, event: Event) -> Turn | None:
    """Tell an adviser, in a group without topics, that the message they reply to belongs to no request.

    This happens if a card was sent twice because Telegram's response was lost.
    """
    is_reply = event.reply_to is not None and event.addressed and event.kind is not EventKind.EDITED
    if not is_reply or event.private or event.thread_id or event.text.startswith(NOTE_PREFIX):
        return None
    return Turn(state, (SendMessage(render_advisers("nowhere"), reply_to=event.message_id),))


def _take_request(context: TurnContext, request: Request, _: str) -> Turn:
    event = context.event
    if request.status is not RequestStatus.OPEN:
        return context.toast(advisers_label("taken_already", adviser=request.adviser or "—"))
    notice = message_to_requester(request, "request_taken", adviser=event.name)
    return update_request(context, request.assign_to(event.user_id, event.name), notice)


def _release_request(context: TurnContext, request: Request, _: str) -> Turn:
    name = context.event.name
    if request.status is not RequestStatus.TAKEN:
        return refuse_tap(context)
    talking = request.talking
    adviser_notice = message_to_advisers(request, "released", adviser=name, talking=talking)
    end_row = (requester_row(request, "end"),) if talking else ()
    notice = message_to_requester(request, "request_released", end_row, adviser=name, talking=talking)
    return update_request(context, request.release(), notice, adviser_notice)


def _close_request(context: TurnContext, request: Request, _: str) -> Turn:
    if request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    turn = lifecycle.close_request(
        context.state, request, context.services.now(), "request_closed", context.event.name
    )
    notice = message_to_advisers(
        request, "closed_by", ((adviser_button(request, "reopen"),),), adviser=context.event.name
    )
    return replace(turn, messages=(*turn.messages, notice))


def _schedule_reminder(context: TurnContext, request: Request, _: str) -> Turn:
    if request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    remind_at = next_opening(context.services.now(), context.services.absences)
    toast = AnswerCallback(advisers_label("reminds", when=format_date_and_time(remind_at, ADVISERS_LANG)))
    updated = UpdateRequest(replace(request, remind_at=remind_at, remind_by=context.event.name))
    return Turn(context.state, (RefreshCard(request.reference), toast), (updated,))


def _cancel_reminder(context: TurnContext, request: Request, _: str) -> Turn:
    if not request.remind_at:
        return refuse_tap(context)
    return update_request(context, replace(request, remind_at=0.0, remind_by=""))


ADVISER_ACTIONS: dict[str, AdviserAction] = {
    "take": _take_request,
    "release": _release_request,
    "close": _close_request,
    "reopen": blocking.reopen_unless_blocked,
    "remind": _schedule_reminder,
    "unremind": _cancel_reminder,
    "note_on": lambda context, request, _: private_notes.handle_note_button(context, request, wanted=True),
    "note_off": lambda context, request, _: private_notes.handle_note_button(context, request, wanted=False),
    "undo": undo.handle_undo_button,
    "give": colleagues.handle_handover_button,
    "block": text_blocks.send_block,
    "look": text_blocks.look_at_block,
    "ban": blocking.handle_block_button,
    "spare": blocking.spare_requester,
    "suggest": suggestions.suggest_entries,
    "answer": suggestions.send_entry,
    "read": suggestions.preview_entry,
}
