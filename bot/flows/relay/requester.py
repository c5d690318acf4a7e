"""The person's side of a request: while an adviser is in the conversation, what they write goes there."""

from dataclasses import replace

from bot.answering.answerer import AnswerStatus as Answered
from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, CorrectTranscript, UpdateRequest
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import AnswerCallback, Button, EditRelayed, RefreshCard, RelayMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import request_limits
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import Services
from bot.flows.relay import lifecycle
from bot.flows.relay.messages import ADVISERS_TEMPLATES, message_to_advisers, message_to_requester, requester_button
from prompts.render import format_label, render_template

ALLOWED_COMMANDS = frozenset(("abbrechen", "datenschutz", "meinedaten", "loeschen", "kontakt", "hilfe"))  # commands
PRIVACY_CALLBACKS = ("d:", "p:")  # callback data of what such a command shows


def handle_requester_message(services: Services, state: State, event: Event) -> Turn | None:
    """What goes to the advisers instead of to the bot; None where the bot is meant."""
    if services.adviser_chat is None:
        return None
    request = _find_own_request(services, event) if event.kind in MESSAGE_KINDS else None
    if request:
        return _relay_to_advisers(services, state, event, request)
    conversation = active_conversation(services, event)
    if conversation is None:
        return None
    if event.kind is EventKind.EDITED:
        return Turn(state)  # of what was written before the conversation
    if event.kind is EventKind.COMMAND:
        return _handle_command(state, event, conversation)
    if event.kind is EventKind.BUTTON and not event.text.startswith((REQUESTER_CALLBACK, *PRIVACY_CALLBACKS)):
        return Turn(
            state,
            (AnswerCallback(format_label("talk_silent", conversation.lang, adviser=_partner_name(conversation))),),
        )
    return None


def end_conversation(state: State, request: Request) -> Turn:
    """The bot answers again; the request stays open."""
    if not request.talking:
        return Turn(state, (AnswerCallback(format_label("gone", request.lang)),))
    html = render_template("talk_ended", request.lang, number=request.reference)
    notice = message_to_requester(request, html, ((requester_button(request, "done"),),))
    adviser_notice = message_to_advisers(request, render_template("ended", ADVISERS_TEMPLATES))
    return Turn(state, (notice, adviser_notice, AnswerCallback()), (UpdateRequest(replace(request, talking=False)),))


def handle_requester_callback(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """A tap on a button about the person's own request; None where it is not theirs, or no longer counts."""
    action, _, data = data.partition(":")
    reference, _, value = data.partition(":")
    request = services.store.find_request(reference)
    if request is None or request.user_id != event.user_id or request.chat_id != event.chat_id:
        return None
    match action:
        case "end":
            return end_conversation(state, request)
        case "done" | "withdraw" if request.status is not RequestStatus.CLOSED:
            template = "request_solved" if action == "done" else "request_withdrawn"
            adviser_notice = message_to_advisers(request, render_template(action, ADVISERS_TEMPLATES))
            turn = lifecycle.close_request(state, request, services.now(), template)
            return replace(turn, messages=(*turn.messages, adviser_notice))
        case "wait" if request.status is not RequestStatus.CLOSED:
            return Turn(state, (AnswerCallback(format_label("person_waits", request.lang)),))
        case "pass" if services.adviser_chat is not None and request.status is not RequestStatus.CLOSED:
            return _pass_on_message(services, state, event, request) if value == str(state.unanswered[0]) else None
        case "reopen":
            return _reopen_conversation(services, state, request)
        case "rate":
            return lifecycle.record_rating(state, request, value)
        case "nothing" if state.rated:
            return Turn(
                replace(state, rated=""),
                (SendMessage(render_template("thanks_comment", request.lang)), AnswerCallback()),
            )
    return None


def _pass_on_message(services: Services, state: State, event: Event, request: Request) -> Turn:
    """What the bot had no answer to goes to the advisers after all, as if it had been written to them."""
    message_id, text = state.unanswered
    passed_event = replace(event, kind=EventKind.TEXT, text=text)
    turn = _relay_to_advisers(
        services, replace(state, unanswered=(0, "")), passed_event, request, copied_id=message_id
    )
    return replace(turn, messages=(*turn.messages, AnswerCallback(format_label("passed_on", request.lang))))


def _reopen_conversation(services: Services, state: State, request: Request) -> Turn:
    """Opened to write to the advisers: what the person writes next goes there."""
    if request.status is RequestStatus.CLOSED and (
        refusal := request_limits.refuse_reopening(services, state, request)
    ):
        return refusal
    times = (*request_limits.within_last_day(request.reopened, services.now()), services.now())
    return lifecycle.reopen_request(
        services, state, replace(request, reopened=times, talking=services.adviser_chat is not None)
    )


def _relay_to_advisers(
    services: Services, state: State, event: Event, request: Request, copied_id: int | None = None
) -> Turn:
    assert services.adviser_chat is not None
    if event.kind is EventKind.EDITED:
        edit = EditRelayed(request.reference, services.adviser_chat, event.html, is_caption=bool(event.media_type))
        return Turn(state, (edit,), (CorrectTranscript(request.reference, Party.REQUESTER, event.text),))
    if request.status is RequestStatus.CLOSED:
        html = render_template("person_closed", request.lang, number=request.reference)
        return Turn(state, (SendMessage(html, ((requester_button(request, "reopen"),),)),))
    since = request.since if request.turn is Party.ADVISER else services.now()
    updated = replace(request, turn=Party.ADVISER, since=since, warned=0.0)
    reply_to = None if event.reply_to is None else (event.chat_id, event.reply_to)
    relay = RelayMessage(
        request.reference, services.adviser_chat, to_advisers=True, reply_to=reply_to, message_id=copied_id
    )
    refresh = (RefreshCard(request.reference),) if request.turn is Party.REQUESTER else ()
    transcript_line = AppendTranscript(
        request.reference, Party.REQUESTER, event.text or f"[{event.media_type}]", copied_id
    )
    return Turn(state, (relay, *refresh), (UpdateRequest(updated), transcript_line))


def _handle_command(state: State, event: Event, conversation: Request) -> Turn | None:
    meaning = CANONICAL_COMMANDS.get(event.command)
    if meaning == "abbrechen":
        return end_conversation(state, conversation)
    if meaning in ALLOWED_COMMANDS:
        return None
    html = render_template("talk_runs", conversation.lang, adviser=_partner_name(conversation))
    return Turn(state, (SendMessage(html, ((requester_button(conversation, "end"),),)),))


def _partner_name(conversation: Request) -> str:
    """Whom the person is in a conversation with: after an adviser handed it back, with whoever takes it next."""
    return conversation.adviser or format_label("advisers", conversation.lang)


def _find_own_request(services: Services, event: Event) -> Request | None:
    """The own request that a message belongs to: by what it replies to, by its edit, or by the talk."""
    message_id = event.message_id if event.kind is EventKind.EDITED else event.reply_to
    request = None if message_id is None else services.store.find_request_by_message(event.chat_id, message_id)
    if request and request.user_id == event.user_id:
        return request
    return None if event.kind is EventKind.EDITED else active_conversation(services, event)


def active_conversation(services: Services, event: Event) -> Request | None:
    """The person's request in whose conversation an adviser is now."""
    conversations = [request for request in services.store.requests_by_user(event.user_id) if request.talking]
    return max(conversations, key=lambda request: request.since, default=None)


def offer_passing_on(services: Services, event: Event, turn: Turn) -> Turn:
    """The bot's answer, with a button for each open request if it is none."""
    answered = not turn.decisions or any(one.status == Answered.ANSWERED for one in turn.decisions)
    if answered or services.adviser_chat is None or not event.private:
        return turn
    *earlier, last = turn.messages
    if not isinstance(last, SendMessage):
        return turn
    open_requests = [
        one for one in services.store.requests_by_user(event.user_id) if one.status is not RequestStatus.CLOSED
    ]
    if not open_requests:
        return turn
    rows = tuple((_pass_on_button(request, event),) for request in open_requests)
    state = replace(turn.state, unanswered=(event.message_id, event.text))
    return replace(turn, state=state, messages=(*earlier, replace(last, keyboard=(*rows, *last.keyboard))))


def _pass_on_button(request: Request, event: Event) -> Button:
    button_label = format_label("pass_on", request.lang, number=request.reference)
    return Button(button_label, f"{REQUESTER_CALLBACK}pass:{request.reference}:{event.message_id}")
