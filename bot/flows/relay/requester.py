"""The requester's side: during a conversation with an adviser, the person's messages go to the advisers."""

from dataclasses import replace

from bot.answering.answerer import AnswerStatus
from bot.domain.calendar import DAY, times_within
from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import AnswerCallback, Button, EditRelayed, RefreshCard, RelayMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import (
    ERASURE_CALLBACK,
    LANGUAGE_CALLBACK,
    PRIVACY_CALLBACK,
    REQUEST_ADVICE,
    REQUESTER_CALLBACK,
)
from bot.flows.context import TurnContext
from bot.flows.relay import lifecycle, withdrawal
from bot.flows.relay.messages import message_to_advisers, message_to_requester, requester_row
from prompts.render import format_label, render_template

ALLOWED_COMMANDS = frozenset(
    ("abbrechen", "zurueckziehen", "datenschutz", "meinedaten", "loeschen", "kontakt", "hilfe", "sprache")
)
ALLOWED_CALLBACKS = (REQUESTER_CALLBACK, ERASURE_CALLBACK, PRIVACY_CALLBACK, LANGUAGE_CALLBACK)  # shown by these


def handle_requester_message(context: TurnContext) -> Turn | None:
    """Return the turn of an event that goes to the advisers; None if it is meant for the bot."""
    event = context.event
    if context.adviser_chat is None:
        return None
    if event.kind is EventKind.TEXT and withdrawal.is_wish(context):
        return withdrawal.choose_withdrawal(
            context
        )  # even within a conversation: it is asked before anything happens
    request = _find_own_request(context) if event.kind in MESSAGE_KINDS else None
    if request:
        return _relay_to_advisers(context, request, context.adviser_chat)
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
        case "wait" if is_open:
            return context.toast(format_label("person_waits", request.lang))
        case "pass" if is_open and context.adviser_chat is not None and value == str(state.unanswered[0]):
            return _pass_on_unanswered(context, request, context.adviser_chat)
        case "reopen":
            return _reopen_conversation(context, request)
        case "rate":
            return lifecycle.record_rating(state, request, value)
        case "nothing" if state.rated:
            thanks = SendMessage(render_template("thanks_comment", request.lang))
            return Turn(replace(state, rated=""), (thanks, AnswerCallback()))
    return None


def offer_passing_on(context: TurnContext, turn: Turn) -> Turn:
    """Add buttons to a turn without an answer: each passes the question on to the advisers of an open request."""
    event = context.event
    is_answered = not turn.decisions or any(decision.status == AnswerStatus.ANSWERED for decision in turn.decisions)
    if is_answered or context.adviser_chat is None or not event.private:
        return turn
    *earlier, last = turn.messages
    if not isinstance(last, SendMessage) or not context.open_requests:
        return turn
    rows = tuple((_pass_on_button(request, event),) for request in context.open_requests)
    state = replace(turn.state, unanswered=(event.message_id, event.text))
    return replace(turn, state=state, messages=(*earlier, replace(last, keyboard=(*rows, *last.keyboard))))


def _pass_on_button(request: Request, event: Event) -> Button:
    label = format_label("pass_on", request.lang, number=request.reference)
    return Button(label, f"{REQUESTER_CALLBACK}pass:{request.reference}:{event.message_id}")


def _end_conversation(state: State, request: Request) -> Turn:
    """Let the bot answer again; the request stays open."""
    if not request.talking:
        return Turn(state, (AnswerCallback(format_label("gone", request.lang)),))
    notice = message_to_requester(request, "talk_ended", (requester_row(request, "done"),))
    messages = (notice, message_to_advisers(request, "ended"), AnswerCallback())
    return Turn(state, messages, (UpdateRequest(replace(request, talking=False)),))


def _pass_on_unanswered(context: TurnContext, request: Request, adviser_chat: int) -> Turn:
    """Pass on to the advisers what the bot could not answer, as if it had been written to them."""
    message_id, text = context.state.unanswered
    as_text = replace(context, event=replace(context.event, kind=EventKind.TEXT, text=text))
    turn = _relay_to_advisers(as_text.change(unanswered=(0, "")), request, adviser_chat, message_id)
    return replace(turn, messages=(*turn.messages, AnswerCallback(format_label("passed_on", request.lang))))


def _reopen_conversation(context: TurnContext, request: Request) -> Turn:
    """Reopen a request and its conversation, so that the requester's next message goes to the advisers."""
    if request.status is RequestStatus.CLOSED and (refusal := request_limits.refuse_reopening(context, request)):
        return refusal
    now = context.services.now()
    times = (*times_within(request.reopened, now, DAY), now)
    talking = context.adviser_chat is not None
    return lifecycle.reopen_request(context, replace(request, reopened=times, talking=talking))


def _relay_to_advisers(
    context: TurnContext, request: Request, adviser_chat: int, copied_id: int | None = None
) -> Turn:
    """Relay the event's message, or another one of its chat, to the advisers."""
    state, event = context.state, context.event
    if event.kind is EventKind.EDITED:
        edit = EditRelayed(request.reference, adviser_chat, event.html, is_caption=bool(event.media_type))
        return Turn(state, (edit,), (CorrectTranscript(request.reference, Party.REQUESTER, event.text),))
    if request.status is RequestStatus.CLOSED:
        html = render_template("person_closed", request.lang, number=request.reference, withdrawn=request.withdrawn)
        new_request = Button(format_label("person_new", request.lang), REQUEST_ADVICE)
        return context.reply(html, ((new_request,) if request.withdrawn else requester_row(request, "reopen"),))
    since = request.since if request.turn is Party.ADVISER else context.services.now()
    updated = replace(request, turn=Party.ADVISER, since=since, warned=0.0)
    reply_to = None if event.reply_to is None else (event.chat_id, event.reply_to)
    relay = RelayMessage(request.reference, adviser_chat, to_advisers=True, reply_to=reply_to, message_id=copied_id)
    refresh = (RefreshCard(request.reference),) if request.turn is Party.REQUESTER else ()
    text = event.text or f"[{event.media_type}]"
    line = AppendTranscript(request.reference, Party.REQUESTER, text, copied_id)
    return Turn(state, (relay, *refresh), (UpdateRequest(updated), line))


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
