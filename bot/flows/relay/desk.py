"""What the advisers' messages, commands and buttons share: the request they are about, and what follows for it."""

import zlib
from collections.abc import Callable
from dataclasses import replace

from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Keyboard, Message, RefreshCard, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import EventHandler, TurnContext
from bot.flows.relay.messages import (
    adviser_button,
    advisers_label,
    message_to_requester,
    render_advisers,
    retire_suggestions,
)

RequestCommand = Callable[[TurnContext, Request], Turn]


def own_number(event: Event) -> int:
    """Return a number under which a message that a turn sends is found again; below 0, so no message has it."""
    return -event.update_id


def find_addressed_request(context: TurnContext) -> Request | None:
    """Return the request of the event's topic, or of the message that it edits or replies to.

    A request that belongs to another desk now is left out.
    """
    services, event = context.services, context.event
    requests = services.store.requests
    request = requests.find_request_by_topic(event.chat_id, event.thread_id)
    message_id = event.message_id if event.kind is EventKind.EDITED else event.reply_to
    if request is None and message_id is not None:
        request = requests.find_request_by_message(event.chat_id, message_id)
    return request if request and services.find_desk(request) == event.chat_id else None


def adviser_command(handle: EventHandler) -> EventHandler:
    """Return the handler of a command that only advisers may give, and only in their chat."""

    def run(context: TurnContext) -> Turn:
        if not context.services.advisers.includes(context.event):
            return context.say("adviser_only")
        if context.event.chat_id != context.adviser_chat:
            return context.reply(render_advisers("desk_only"))
        return handle(context)

    return run


def request_command(handle: RequestCommand) -> EventHandler:
    """Return the handler of an adviser's command about the request in whose topic, or as a reply to which, it
    stands."""

    def run(context: TurnContext) -> Turn:
        request = find_addressed_request(context)
        return say_at_desk(context, "topic_only") if request is None else handle(context, request)

    return adviser_command(run)


def say_at_desk(context: TurnContext, template: str, keyboard: Keyboard = (), /, **values: object) -> Turn:
    """Return the turn that only replies to the adviser's message."""
    html = render_advisers(template, **values)
    return Turn(context.state, (SendMessage(html, keyboard, reply_to=context.event.message_id),))


def update_request(context: TurnContext, request: Request, *messages: Message) -> Turn:
    """Return the turn that saves a request, sends messages and updates its card."""
    refresh = RefreshCard(request.reference)
    return Turn(context.state, (*messages, refresh, AnswerCallback()), (UpdateRequest(request),))


def answered_by(context: TurnContext, request: Request) -> Request:
    """Return a request as answered now by the event's adviser, who takes it if it is open."""
    event = context.event
    change = request.assign_to if request.status is RequestStatus.OPEN else request.add_participant
    return change(event.user_id, event.name).pass_turn(Party.REQUESTER, context.services.now())


def text_checksum(text: str) -> str:
    """Return a checksum of what an adviser looked at, so that nothing else is sent."""
    return f"{zlib.crc32(text.encode()):08x}"


def refuse_tap(context: TurnContext) -> Turn:
    """Return the turn that says that a button is no longer valid."""
    return context.toast(advisers_label("gone"))


def send_ready_answer(context: TurnContext, request: Request, title: str, html: str, plain_text: str) -> Turn:
    """Send a ready answer to the requester; the tapped message says so and offers to take it back.

    While all is kept among the advisers, it is refused; so is the same answer twice, as after a double tap.
    """
    if request.private_notes:
        return context.toast(advisers_label("notes_only"))
    last_line = next(reversed(context.services.store.requests.load_transcript(request.reference)), None)
    if last_line and (last_line.side, last_line.text) == (Party.ADVISER, plain_text):
        return context.toast(advisers_label("sent_already"))
    number = own_number(context.event)
    message = message_to_requester(request, "adviser_sends", adviser=context.event.name, html=html)
    undo_row = (adviser_button(request, "undo", str(number)), adviser_button(request, "suggest"))
    sent = context.edit_tapped(render_advisers("sent", title=title, text=plain_text), (undo_row,))
    answered = replace(answered_by(context, request), speaker="", suggestions=0)  # what follows needs a name
    retired = retire_suggestions(request)
    turn = update_request(context, answered, replace(message, question_id=number), sent, *retired)
    line = AppendTranscript(request.reference, Party.ADVISER, plain_text, number)
    return replace(turn, effects=(*turn.effects, line))
