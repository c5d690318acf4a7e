"""The whole conversation: what a person did -> what the bot says and keeps. Reads the store, never writes it."""

from dataclasses import dataclass, replace

from bot.domain.effects import Moved
from bot.domain.event import WRITTEN, Event, Kind
from bot.domain.message import Alarm, Change, Say, Toast
from bot.domain.selfcheck import Stage
from bot.domain.turn import State, Turn
from bot.flows import callbacks, commands, intro_buttons, questions
from bot.flows.consultation import form, typed_answers
from bot.flows.context import Advisers, Flow, Parts
from bot.flows.relay import adviser, lifecycle, passing, requester
from bot.flows.selfcheck import questionnaire, team

__all__ = ["Advisers", "Dialogue"]


@dataclass(frozen=True, slots=True)
class Dialogue(Parts):
    """The parts with the flows over them."""

    def handle(self, state: State, event: Event) -> Turn:
        """The turn of the conversation that this event brings."""
        if event.kind is Kind.MOVED:
            return Turn(state, (), (Moved(int(event.text)),))
        at_desk = event.chat_id == self.desk
        if event.kind is Kind.REMOVED:
            return Turn(state, (Alarm(),) if at_desk and self.mail else ())
        if at_desk and (turn := adviser.message(self, state, event)):
            return turn
        if event.kind is Kind.EDITED and event.private and (turn := typed_answers.edited(self, state, event)):
            return turn
        if event.private and not at_desk and (turn := requester.message(self, state, event)):
            return turn
        talk_at_desk = at_desk and not event.private and event.kind in WRITTEN
        if talk_at_desk or not event.addressed:
            return Turn(state)  # people talk among themselves
        if lifecycle.turns_elsewhere(event):
            state = replace(state, rated="")
        turn = intro_buttons.onward(self, event, FLOWS[event.kind](self, state, event))
        turn = _check_reminded(self, state, event, _reminded(self, state, event, turn))
        told_last = tuple(sorted(turn.messages, key=lambda message: isinstance(message, Toast)))
        return replace(turn, messages=told_last)  # the button stops waiting when all that it brought is there


def _text(parts: Parts, state: State, event: Event) -> Turn:
    if turn := lifecycle.commented(parts, state, event):
        return turn
    if state.form and not state.form.paused:
        return typed_answers.text(parts, state, event)
    joining = state.check is not None and state.check.stage is Stage.JOINING
    if joining and (turn := team.typed(parts, state, event)):
        return turn
    return passing.offered(parts, event, questions.ask(parts, state, event))


def _other(parts: Parts, state: State, event: Event) -> Turn:
    return parts.say(state, event, "unsupported")


def _reminded(parts: Parts, state: State, event: Event, turn: Turn) -> Turn:
    """Somebody who does something else in the middle of the form is shown the way back, and not asked on."""
    untouched = state.form is not None and not state.form.paused and turn.state.form is state.form
    if not untouched or event.kind not in (Kind.COMMAND, Kind.BUTTON) or not _speaks(turn):
        return turn
    assert turn.state.form is not None
    paused = replace(turn.state, form=replace(turn.state.form, paused=True))
    return replace(turn, state=paused, messages=(*turn.messages, form.reminder(parts, paused, event)))


def _check_reminded(parts: Parts, state: State, event: Event, turn: Turn) -> Turn:
    """Who asks or does something else in the middle of the self-check is shown the way back, once."""
    check = turn.state.check
    untouched = check is not None and check.stage is Stage.ASKING and check is state.check
    if check is None or not untouched or turn.state.form or not _speaks(turn):
        return turn
    held = replace(turn.state, check=replace(check, stage=Stage.PAUSED))
    return replace(turn, state=held, messages=(*turn.messages, questionnaire.reminder(parts, held, event)))


def _speaks(turn: Turn) -> bool:
    return any(isinstance(message, Say | Change) for message in turn.messages)


FLOWS: dict[Kind, Flow] = {
    Kind.TEXT: _text,
    Kind.EDITED: questions.edited,
    Kind.COMMAND: commands.command,
    Kind.BUTTON: callbacks.button,
    Kind.OTHER: _other,
}
