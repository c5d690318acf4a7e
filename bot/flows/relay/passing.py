"""What the bot has no answer to may be meant for the advisers: a person with an open request can pass it on."""

from dataclasses import replace

from bot.answering.answerer import AnswerStatus as Answered
from bot.domain.consultation import Request, RequestStatus
from bot.domain.event import Event
from bot.domain.message import Button, SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import REQUESTER_CALLBACK
from bot.flows.context import Services
from prompts.render import format_label


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
