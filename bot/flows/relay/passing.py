"""What the bot has no answer to may be meant for the advisers: a person with an open request can pass it on."""

from dataclasses import replace

from bot.answering.answerer import Status as Answered
from bot.domain.consultation import Request, Status
from bot.domain.event import Event
from bot.domain.message import Button, Say
from bot.domain.turn import Turn
from bot.flows.callback_data import ASIDE
from bot.flows.context import Parts
from prompts.render import label


def offered(parts: Parts, event: Event, turn: Turn) -> Turn:
    """The bot's answer, with a button for each open request if it is none."""
    answered = not turn.decided or any(one.status == Answered.ANSWERED for one in turn.decided)
    if answered or parts.desk is None or not event.private:
        return turn
    *before, last = turn.messages
    if not isinstance(last, Say):
        return turn
    running = [one for one in parts.store.requests_by(event.user_id) if one.status is not Status.CLOSED]
    if not running:
        return turn
    rows = tuple((_button(request, event),) for request in running)
    state = replace(turn.state, unanswered=(event.message_id, event.text))
    return replace(turn, state=state, messages=(*before, replace(last, keyboard=(*rows, *last.keyboard))))


def _button(request: Request, event: Event) -> Button:
    words = label("pass_on", request.lang, number=request.reference)
    return Button(words, f"{ASIDE}pass:{request.reference}:{event.message_id}")
