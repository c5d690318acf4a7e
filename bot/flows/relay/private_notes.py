"""Writing among advisers: while it is switched on for a request, nothing that they write reaches the requester."""

from dataclasses import replace

from bot.domain.consultation import Request, RequestStatus
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.relay.desk import refuse_tap, say_at_desk, update_request
from bot.flows.relay.messages import adviser_button, message_to_advisers


def handle_note_command(context: TurnContext, request: Request) -> Turn:
    """Return the turn of /notiz, which switches; with a text behind it, this text alone is a note."""
    if context.event.text:
        return say_at_desk(context, "note_kept")
    if request.status is RequestStatus.CLOSED:
        return say_at_desk(context, "notes_closed")
    return _switch_notes(context, request)


def handle_note_button(context: TurnContext, request: Request, *, wanted: bool) -> Turn:
    """Return the turn of a tap on the button that switches notes on or off, as ``wanted``."""
    if request.status is RequestStatus.CLOSED or request.private_notes == wanted:
        return refuse_tap(context)
    return _switch_notes(context, request)


def _switch_notes(context: TurnContext, request: Request) -> Turn:
    switched = replace(request, private_notes=not request.private_notes)
    keyboard = ((adviser_button(switched, "note_off"),),) if switched.private_notes else ()
    notice = message_to_advisers(
        switched, "notes_on" if switched.private_notes else "notes_off", keyboard, adviser=context.event.name
    )
    return update_request(context, switched, notice)
