"""The bot introduces itself in the advisers' chat, and helps there; elsewhere it shows advisers the way."""

from bot.domain.effects import NoteGreeting
from bot.domain.event import EventKind
from bot.domain.message import Button, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import ADVISER_CALLBACK
from bot.flows.context import Services, TurnContext
from bot.flows.relay.desk import find_addressed_request
from bot.flows.relay.messages import advisers_label, render_advisers
from bot.flows.relay.notices import chat_link

HERE_ACTION = "here"  # of the button below the greeting, by which the bot learns who advises here


def greet_advisers(services: Services) -> list[Turn]:
    """Return the turns that greet the advisers' chats with how to work there, but for those greeted before."""
    return [_greeting(State(), desk) for desk in services.desk_chats if not services.store.desk.greeted_at(desk)]


def handle_arrival(context: TurnContext) -> Turn:
    """Return the turn after the bot was added to a group: a greeting, unless the group was greeted since.

    At its start, the bot greets a group that it was added to before it knew that the advisers are there.
    """
    event = context.event
    is_desk = event.chat_id == context.adviser_chat
    if not is_desk or context.services.store.desk.greeted_at(event.chat_id) >= event.sent_at:
        return Turn(context.state)
    return _greeting(context.state, event.chat_id)


def show_desk_help(context: TurnContext) -> Turn:
    """Return the turn that says how to work in the advisers' chat."""
    return context.reply(_render_help(greets=False))


def show_way_to_desk(context: TurnContext, turn: Turn) -> Turn:
    """Return a turn in which an adviser, in private, is told where the requests are."""
    event, desk = context.event, context.adviser_chat
    if desk is None or not event.private or event.chat_id == desk or not context.services.advisers.includes(event):
        return turn
    notice = SendMessage(render_advisers("desk_way", link=chat_link(desk)))
    return Turn(turn.state, (*turn.messages, notice), turn.effects, turn.decisions)


def _greeting(state: State, desk: int) -> Turn:
    here = Button(advisers_label("here"), f"{ADVISER_CALLBACK}{HERE_ACTION}")
    return Turn(state, (SendMessage(_render_help(greets=True), ((here,),), chat_id=desk),), (NoteGreeting(desk),))


def _render_help(*, greets: bool) -> str:
    return render_advisers("desk_help", greets=greets)


def is_addressed_to_bot(context: TurnContext) -> bool:
    """Return whether a message in the advisers' group mentions the bot, in a request's topic at its beginning."""
    event = context.event
    if not event.mentions_bot or event.kind is EventKind.EDITED:
        return False
    begins = event.html.casefold().startswith(f"@{context.services.username}".casefold())
    return begins or find_addressed_request(context) is None
