"""The requester's side: during a conversation with an adviser, the person's messages go to the advisers."""

import re
from collections.abc import Set
from dataclasses import replace

from bot.answering.answerer import AnswerStatus
from bot.domain.calendar import DAY, times_within
from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import (
    AnswerCallback,
    Button,
    EditKeyboard,
    EditMessage,
    EditRelayed,
    RefreshCard,
    RelayMessage,
    SendMessage,
)
from bot.domain.turn import Album, PassableMessage, State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import (
    ERASURE_CALLBACK,
    LANGUAGE_CALLBACK,
    PRIVACY_CALLBACK,
    REQUEST_ADVICE,
    REQUESTER_CALLBACK,
)
from bot.flows.context import TurnContext
from bot.flows.relay import hints, lifecycle, withdrawal
from bot.flows.relay.albums import note_album_message, remember_album
from bot.flows.relay.messages import message_to_advisers, message_to_requester, requester_row
from bot.flows.relay.signature import sign_edit, sign_relay
from knowledge.records.contacts import Contact
from prompts.render import format_label, render_template

ALLOWED_COMMANDS = frozenset(
    ("abbrechen", "zurueckziehen", "datenschutz", "meinedaten", "loeschen", "kontakt", "hilfe", "sprache")
)
ALLOWED_CALLBACKS = (REQUESTER_CALLBACK, ERASURE_CALLBACK, PRIVACY_CALLBACK, LANGUAGE_CALLBACK)  # shown by these
PASS_CALLBACK = f"{REQUESTER_CALLBACK}pass:"  # then "<reference>:<id of the message>"
REOPENING_OFFERED = 7 * DAY  # after a request was closed
UNDERSTOOD = frozenset((AnswerStatus.ANSWERED.value, AnswerStatus.SMALLTALK.value, AnswerStatus.CLARIFY.value))
MAX_PASSABLE = 3  # messages of one person that can be passed on at the same time
MIN_NAME_LENGTH = 3  # letters of a name by which an adviser may be meant


def handle_requester_message(context: TurnContext) -> Turn | None:
    """Return the turn of an event that goes to the advisers; None if it is meant for the bot."""
    event = context.event
    if event.kind is EventKind.TEXT and withdrawal.is_wish(context):
        return withdrawal.choose_withdrawal(context)  # even within a conversation: it asks before anything happens
    if context.adviser_chat is None:
        return None
    request = _find_own_request(context) if event.kind in MESSAGE_KINDS else None
    if request:
        if refusal := request_limits.refuse_blocked(context, request.lang):
            return Turn(context.state) if event.kind is EventKind.EDITED else refusal
        turn = _relay_to_advisers(context, request, context.adviser_chat)
        return hints.hint_at_bot(context, turn, request, ALLOWED_COMMANDS) if request.talking else turn
    conversation = context.active_conversation
    if conversation is None:
        return None
    if event.kind is EventKind.EDITED:
        return Turn(context.state)  # the message is older than the conversation
    if event.kind is EventKind.COMMAND:
        return _handle_command(context, conversation)
    if event.kind is EventKind.BUTTON and not event.text.startswith(ALLOWED_CALLBACKS):
        return context.toast(format_label("talk_silent", conversation.lang, adviser=_partner_name(conversation)))
    return None


def handle_requester_callback(context: TurnContext, data: str) -> Turn | None:
    """Return the turn of a tap on a button about the person's own request; None if it is not valid.

    ``data`` is "<action>:<reference>[:<value>]".
    """
    state, event = context.state, context.event
    action, _, data = data.partition(":")
    reference, _, value = data.partition(":")
    request = context.services.store.requests.find_request(reference)
    if request is None or request.user_id != event.user_id or request.chat_id != event.chat_id:
        return None
    is_open = request.status is not RequestStatus.CLOSED
    match action:
        case "end":
            return _end_conversation(state, request)
        case "done" if is_open:
            turn = lifecycle.close_request(state, request, context.services.now(), "request_solved")
            return replace(turn, messages=(*turn.messages, message_to_advisers(request, "done")))
        case "withdraw" if is_open:
            return withdrawal.answer_withdrawal(context, request, value)
        case "resume" if request.withdrawn:
            return withdrawal.undo_withdrawal(context, request)
        case "wait" if is_open:
            return context.toast(format_label("person_waits", request.lang))
        case "pass" if context.adviser_chat is not None and not request.withdrawn:
            return _pass_on(context, request, context.adviser_chat, value)
        case "reopen":
            return _reopen_conversation(context, request)
        case "rate":
            return lifecycle.record_rating(state, request, value)
        case "nothing" if state.rated:
            thanks = SendMessage(render_template("thanks_comment", request.lang))
            return Turn(replace(state, rated=""), (thanks, AnswerCallback()))
    return None


def offer_passing_on(context: TurnContext, turn: Turn) -> Turn:
    """Add buttons to a turn: each passes the message on to the advisers of an open request.

    They are added if the bot did not answer all of it, as it cannot with a picture or a voice message, or if it may
    be meant for the advisers.
    """
    event = context.event
    if context.adviser_chat is None or not event.private or not (turn.decisions or event.media_type):
        return turn
    requests = context.open_requests or _find_just_closed(context)
    statuses = {decision.status for decision in turn.decisions}
    meant = [request for request in requests if event.media_type or _may_be_meant(context, request, statuses)]
    last = turn.messages[-1] if turn.messages else None
    if not meant or context.is_blocked or not isinstance(last, SendMessage | EditMessage):
        others = tuple(message for message in turn.state.passable if message.id != event.message_id)
        return replace(turn, state=replace(turn.state, passable=others if requests else ()))
    rows = tuple((_pass_on_button(request, event),) for request in meant)
    closed = next((request for request in meant if request.status is RequestStatus.CLOSED), None)
    hint = f"\n\n{format_label('reopening_hint', closed.lang, number=closed.reference)}" if closed else ""
    messages = (*turn.messages[:-1], replace(last, html=f"{last.html}{hint}", keyboard=(*rows, *last.keyboard)))
    return replace(turn, state=_remember_passable(turn.state, event), messages=messages)


def _find_just_closed(context: TurnContext) -> list[Request]:
    """Return the request closed last, if it is so recent that a message may still belong to it."""
    since = context.services.now() - REOPENING_OFFERED
    closed = [request for request in context.requests if request.closed > since and not request.withdrawn]
    return sorted(closed, key=lambda request: request.closed)[-1:]


def _remember_passable(state: State, event: Event) -> State:
    others = tuple(message for message in state.passable if message.id != event.message_id)
    passable = PassableMessage(event.message_id, event.text, event.html, event.media_type)
    return replace(state, passable=(*others, passable)[-MAX_PASSABLE:])


def _may_be_meant(context: TurnContext, request: Request, statuses: Set[str]) -> bool:
    """Return whether a message that got answers of these statuses may be for the advisers of a request.

    It may be if the bot did not answer it, or if it names one of them or the request's number. While an adviser has
    handed the request back and no other has taken it, any message may be; to a closed one, no mere small talk.
    """
    is_closed = request.status is RequestStatus.CLOSED
    understood = UNDERSTOOD if is_closed else {AnswerStatus.ANSWERED.value}
    if not statuses <= understood or (request.status is RequestStatus.OPEN and request.participants):
        return True
    text = context.event.text.casefold()
    contacts: tuple[Contact, ...] = context.services.contacts
    names = [name for _, name in request.participants]
    names += [contact.name for contact in contacts if contact.id == request.contact]
    parts = {part for name in names for part in re.findall(r"\w+", name.casefold()) if len(part) >= MIN_NAME_LENGTH}
    return request.reference.casefold() in text or not parts.isdisjoint(re.findall(r"\w+", text))


def _pass_on_button(request: Request, event: Event) -> Button:
    is_closed = request.status is RequestStatus.CLOSED
    label = format_label("reopen_and_pass_on" if is_closed else "pass_on", request.lang, number=request.reference)
    return Button(label, f"{PASS_CALLBACK}{request.reference}:{event.message_id}")


def _end_conversation(state: State, request: Request) -> Turn:
    """Let the bot answer again; the request stays open."""
    if not request.talking:
        return Turn(state, (AnswerCallback(format_label("gone", request.lang)),))
    notice = message_to_requester(request, "talk_ended", (requester_row(request, "done"),))
    messages = (notice, message_to_advisers(request, "ended"), AnswerCallback())
    return Turn(state, messages, (UpdateRequest(replace(request, talking=False, speaker="")),))


def _pass_on(context: TurnContext, request: Request, adviser_chat: int, message_id: str) -> Turn | None:
    """Pass a message on to the advisers, as if it had been written to them; None if it is not known any more."""
    event, state = context.event, context.state
    passable = next((message for message in state.passable if str(message.id) == message_id), None)
    if passable is None:
        is_id = message_id.isdecimal()
        earlier = (
            context.services.store.requests.find_request_by_message(event.chat_id, int(message_id)) if is_id else None
        )
        return context.toast(format_label("passed_on_already", request.lang)) if earlier else None
    kind = EventKind.OTHER if passable.media_type else EventKind.TEXT
    as_written = replace(event, kind=kind, text=passable.text, html=passable.html, media_type=passable.media_type)
    announcement: tuple[SendMessage, ...] = ()
    if is_reopened := request.status is RequestStatus.CLOSED:
        if refusal := request_limits.refuse_reopening(context, request):
            return refusal
        request = _count_reopening(context, request).reopen(context.services.now())
        announcement = (lifecycle.announce_reopening(request),)
    others = tuple(message for message in state.passable if message is not passable)
    named_anew = replace(request, speaker="")  # sent anew below a name, it arrives even if the original was deleted
    context = replace(context, event=as_written).change(passable=others)
    turn = _relay_to_advisers(context, named_anew, adviser_chat, passable.id)
    html = render_template("passed_on", request.lang, number=request.reference, reopened=is_reopened)
    end_row = (requester_row(request, "end"),) if is_reopened else ()
    confirmation = SendMessage(html, end_row, reply_to=passable.id, reference=request.reference)
    rows = tuple(row for row in event.keyboard if not any(button.data.startswith(PASS_CALLBACK) for button in row))
    without_button = (EditKeyboard(rows, event.message_id),) if event.keyboard else ()
    card = (RefreshCard(request.reference),) if is_reopened else ()
    messages = (*announcement, *turn.messages, *card, confirmation, *without_button, AnswerCallback())
    return replace(turn, messages=messages)


def _reopen_conversation(context: TurnContext, request: Request) -> Turn:
    """Reopen a request and its conversation, so that the requester's next message goes to the advisers."""
    if request.status is RequestStatus.CLOSED and (refusal := request_limits.refuse_reopening(context, request)):
        return refusal
    return lifecycle.reopen_request(context, _count_reopening(context, request))


def _count_reopening(context: TurnContext, request: Request) -> Request:
    """Return a request with one more reopening by its requester, who then talks with the advisers."""
    now = context.services.now()
    times = (*times_within(request.reopened, now, DAY), now)
    return replace(request, reopened=times, talking=context.adviser_chat is not None)


def _relay_to_advisers(
    context: TurnContext, request: Request, adviser_chat: int, copied_id: int | None = None
) -> Turn:
    """Relay the event's message or edit, or another message of its chat, to the advisers."""
    state, event, now = context.state, context.event, context.services.now()
    if event.kind is EventKind.EDITED:
        edit = EditRelayed(request.reference, adviser_chat, event.html, is_caption=bool(event.media_type))
        source = (event.chat_id, event.message_id)
        signed = context.services.store.requests.is_copy_signed(request.reference, source)
        edit = sign_edit(request, Party.REQUESTER, edit, event, signed=signed)
        return Turn(state, (edit,), (CorrectTranscript(request.reference, Party.REQUESTER, event.text),))
    if request.status is RequestStatus.CLOSED:
        html = render_template("person_closed", request.lang, number=request.reference, withdrawn=request.withdrawn)
        new_request = Button(format_label("person_new", request.lang), REQUEST_ADVICE)
        button = new_request if request.withdrawn else _pass_on_button(request, event)
        return context.with_state(_remember_passable(state, event)).reply(html, ((button,),))
    album = next((other for other in state.albums if other.id == event.album_id), Album(event.album_id))
    if copied_id is None and event.message_id in album.messages:
        return note_album_message(state, request, Party.REQUESTER, event)
    rest = event.album_rest if copied_id is None and _takes_albums(context, request) else ()
    state = remember_album(state, album, event.message_id, *rest)
    reply_to = None if event.reply_to is None else (event.chat_id, event.reply_to)
    relay = RelayMessage(
        request.reference, adviser_chat, to_advisers=True, reply_to=reply_to, message_id=copied_id, album=rest
    )
    updated, relay = sign_relay(request, Party.REQUESTER, relay, event, now)
    since = request.since if request.turn is Party.ADVISER else now
    updated = replace(updated, turn=Party.ADVISER, since=since, warned=0.0)
    refresh = (RefreshCard(request.reference),) if request.turn is Party.REQUESTER else ()
    text = event.text or f"[{event.media_type}]"
    line = AppendTranscript(request.reference, Party.REQUESTER, text, copied_id, signed=bool(relay.html))
    return Turn(state, (relay, *refresh), (UpdateRequest(updated), line))


def _takes_albums(context: TurnContext, request: Request) -> bool:
    """Return whether a message's album can be copied as a whole, which cannot be sent as a reply.

    It would have to be one if the person replies to something, and in an advisers' chat without topics.
    """
    thread = context.services.store.requests.find_thread(request.reference)
    return context.event.reply_to is None and (thread is None or thread.thread_id != 0)


def _handle_command(context: TurnContext, conversation: Request) -> Turn | None:
    command = CANONICAL_COMMANDS.get(context.event.command)
    if command == "abbrechen":
        return _end_conversation(context.state, conversation)
    if command in ALLOWED_COMMANDS:
        return None
    html = render_template("talk_runs", conversation.lang, adviser=_partner_name(conversation))
    return context.reply(html, (requester_row(conversation, "end"),))


def _partner_name(conversation: Request) -> str:
    """Return the adviser's name, or a word for the advisers if the request has been released."""
    return conversation.adviser or format_label("advisers", conversation.lang)


def _find_own_request(context: TurnContext) -> Request | None:
    """Return the person's request that a message belongs to: by reply, by edit, or by the active conversation."""
    event = context.event
    is_edit = event.kind is EventKind.EDITED
    message_id = event.message_id if is_edit else event.reply_to
    store = context.services.store
    request = None if message_id is None else store.requests.find_request_by_message(event.chat_id, message_id)
    if request and request.user_id == event.user_id:
        return request
    return None if is_edit else context.active_conversation
