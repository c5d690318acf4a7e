"""Take back what was sent to the requester by mistake: Telegram deletes it at their side, for 48 hours."""

from dataclasses import replace

from bot.domain.calendar import HOUR
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import Effect, RetractMessages, UpdateRequest
from bot.domain.message import AnswerCallback, DeleteRelayed, Message, RefreshCard, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.relay.desk import refuse_tap, say_at_desk
from bot.flows.relay.messages import message_to_advisers, render_advisers
from bot.store.records import RelayedMessage

DELETE_WINDOW = 48 * HOUR  # Bot API, deleteMessage


def handle_undo_command(context: TurnContext, request: Request) -> Turn:
    """Return the turn of /zurueck: about the message it replies to, else about the adviser's last one."""
    event = context.event
    sent = _list_sent(context, request)
    thread = context.services.store.requests.find_thread(request.reference)
    is_reply = event.reply_to not in (None, event.thread_id, thread.card if thread else None)
    candidates = [
        message
        for message in sent
        if (message.number == event.reply_to if is_reply else message.user_id == event.user_id)
    ]
    if not candidates:
        return say_at_desk(context, "undo_nothing", reply=is_reply)
    return _take_back(context, request, candidates[0])


def handle_undo_button(context: TurnContext, request: Request, number: str) -> Turn:
    """Return the turn of a tap below a sent answer; ``number`` is the one under which it was sent."""
    message = next((sent for sent in _list_sent(context, request) if str(sent.number) == number), None)
    if message is None:
        return refuse_tap(context)
    turn = _take_back(context, request, message)
    if turn.effects:  # the tapped message says so
        said = (other for other in turn.messages if not isinstance(other, SendMessage))
        return replace(
            turn, messages=(context.edit_tapped(render_advisers("taken_back", count=1)), *said, AnswerCallback())
        )
    return replace(turn, messages=(*turn.messages, AnswerCallback()))


def _list_sent(context: TurnContext, request: Request) -> list[RelayedMessage]:
    return context.services.store.outbox.sent_to_requester(request.reference, context.event.chat_id, request.chat_id)


def _take_back(context: TurnContext, request: Request, message: RelayedMessage) -> Turn:
    now = context.services.now()
    if now - message.created > DELETE_WINDOW:
        return Turn(context.state, (message_to_advisers(request, "undo_late"),))
    sent = _list_sent(context, request)
    together = sorted(other.number for other in sent if other.album is not None and other.album == message.album)
    album = next((album for album in context.state.albums if message.number in album.messages), None)
    numbers = album.messages if album else tuple(together) or (message.number,)
    deletions = tuple(DeleteRelayed(request.reference, request.chat_id, number) for number in numbers)
    reply_to = message.number if message.number > 0 else None
    notice = replace(message_to_advisers(request, "taken_back", count=len(numbers)), reply_to=reply_to)
    messages: tuple[Message, ...] = (*deletions, notice)
    effects: tuple[Effect, ...] = (RetractMessages(request.reference, numbers),)
    updated = _without_answer(context, request, numbers)
    if updated != request:
        messages = (*messages, RefreshCard(request.reference))
    unnamed = replace(updated, speaker="")  # the message taken back may have had the adviser's name
    if unnamed != request:
        effects = (*effects, UpdateRequest(unnamed))
    return Turn(context.state, messages, effects)


def _without_answer(context: TurnContext, request: Request, numbers: tuple[int, ...]) -> Request:
    """Return a request whose requester waits again, if what they wrote last has no other answer."""
    if request.status is RequestStatus.CLOSED:
        return request
    lines = context.services.store.requests.load_transcript(request.reference)
    remaining = [
        line for line in lines if line.message not in [(context.event.chat_id, number) for number in numbers]
    ]
    if remaining and remaining[-1].side == Party.ADVISER:
        return request
    return request.pass_turn(Party.ADVISER, remaining[-1].created if remaining else request.created)
