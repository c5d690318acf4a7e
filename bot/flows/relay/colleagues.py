"""Who advises here, and handing a request over to one of them by name."""

from dataclasses import replace

from bot.domain.calendar import DAY
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import NoteColleague
from bot.domain.message import AnswerCallback, Button, Keyboard
from bot.domain.turn import Turn
from bot.flows.callback_data import ADVISER_CALLBACK
from bot.flows.context import TurnContext
from bot.flows.relay.desk import refuse_tap, say_at_desk, update_request
from bot.flows.relay.messages import message_to_advisers, message_to_requester, render_advisers, requester_row
from bot.store.records import Colleague

ANONYMOUS_ADMIN = 1_087_968_824  # @GroupAnonymousBot, in whose name administrators may write without theirs
SEEN_AGAIN_AFTER = DAY  # seconds; then it is noted again that somebody was seen
SEEN_WITHIN = 90 * DAY  # seconds; who was not seen for longer is not offered
MAX_OFFERED = 12  # buttons


def note_colleague(context: TurnContext, turn: Turn) -> Turn:
    """Return a turn that also notes who wrote or tapped in the advisers' chat, at most once a day for each."""
    event, services = context.event, context.services
    is_here = event.chat_id == context.adviser_chat and not event.private and bool(event.name)
    if not is_here or event.user_id == ANONYMOUS_ADMIN:
        return turn
    known = services.store.desk.colleagues(event.chat_id, services.now() - SEEN_AGAIN_AFTER)
    if any(
        (other.user_id, other.name, other.username) == (event.user_id, event.name, event.username) for other in known
    ):
        return turn
    noted = NoteColleague(event.chat_id, event.user_id, event.name, event.username)
    return replace(turn, effects=(*turn.effects, noted))


def handle_handover_command(context: TurnContext, request: Request) -> Turn:
    """Return the turn of /uebergabe, with or without a name."""
    if request.status is RequestStatus.CLOSED:
        return say_at_desk(context, "handover_closed")
    others, name = _list_others(context, request), context.event.text.removeprefix("@").strip().casefold()
    matching = [other for other in others if name and _matches(other, name)]
    if len(matching) == 1:
        return _hand_over(context, request, matching[0])
    keyboard = _name_buttons(context, request, matching or others)
    return say_at_desk(
        context, "handover", keyboard, name=context.event.text, found=len(matching), known=bool(keyboard)
    )


def handle_handover_button(context: TurnContext, request: Request, user_id: str) -> Turn:
    """Return the turn of a tap on "hand over", and on a colleague's name (their id)."""
    if request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    others = _list_others(context, request)
    if not user_id:
        keyboard = _name_buttons(context, request, others)
        notice = message_to_advisers(request, "handover", keyboard, name="", found=0, known=bool(keyboard))
        return Turn(context.state, (notice, AnswerCallback()))
    colleague = next((other for other in others if str(other.user_id) == user_id), None)
    if colleague is None:
        return refuse_tap(context)
    turn = _hand_over(context, request, colleague)
    done = context.edit_tapped(render_advisers("handover_done", name=colleague.name))
    return replace(turn, messages=(done, *turn.messages))


def _list_others(context: TurnContext, request: Request) -> list[Colleague]:
    since = context.services.now() - SEEN_WITHIN
    known = context.services.store.desk.colleagues(context.event.chat_id, since)
    return [colleague for colleague in known if colleague.user_id != request.taken_by]


def _matches(colleague: Colleague, name: str) -> bool:
    """Return whether a name in lower case is a colleague's at Telegram, or begins a word of their full name."""
    return name == colleague.username.casefold() or f" {name}" in f" {colleague.name.casefold()}"


def _name_buttons(context: TurnContext, request: Request, colleagues: list[Colleague]) -> Keyboard:
    """Return a button for each colleague but the one who asks, who can still give their own name to take over."""
    data = f"{ADVISER_CALLBACK}give:{request.reference}:"
    offered = [other for other in colleagues if other.user_id != context.event.user_id]
    return tuple((Button(other.name, f"{data}{other.user_id}"),) for other in offered[:MAX_OFFERED])


def _hand_over(context: TurnContext, request: Request, colleague: Colleague) -> Turn:
    """Assign a request to a colleague, who is mentioned, and tell the requester who it is now."""
    by = "" if colleague.user_id == context.event.user_id else context.event.name
    to_colleague = message_to_advisers(
        request, "handed_over", id=colleague.user_id, name=colleague.name, by=by, waits=request.turn is Party.ADVISER
    )
    end_row = (requester_row(request, "end"),) if request.talking else ()
    notice = message_to_requester(request, "request_handed_over", end_row, adviser=colleague.name)
    return update_request(context, request.assign_to(colleague.user_id, colleague.name), to_colleague, notice)
