"""The whole conversation: what a person did -> what the bot says and keeps. Reads the store, never writes it."""

from dataclasses import dataclass

from bot.flows import buttons, commands, questions, relay, request
from bot.flows.parts import Advisers, Flow, Parts
from bot.model import Event, Kind, Stage, State, Turn

__all__ = ["Advisers", "Dialogue"]


@dataclass(frozen=True, slots=True)
class Dialogue(Parts):
    """The parts with the flows over them."""

    def handle(self, state: State, event: Event) -> Turn:
        """The turn of the conversation that this event brings."""
        if relayed := relay.relay(self, state, event):
            return relayed
        if event.chat_id == self.advisers.chat_id and event.kind in (Kind.TEXT, Kind.EDITED, Kind.OTHER):
            return Turn(state)  # advisers talk among themselves
        return FLOWS[event.kind](self, state, event)


def _text(parts: Parts, state: State, event: Event) -> Turn:
    if state.stage is Stage.ASKED:
        return request.confirm(state, event, parts.contact, parts.lang(state, event))
    if state.stage is Stage.CONFIRM:
        return parts.say(state, event, "request_pending")
    return questions.ask(parts, state, event)


def _other(parts: Parts, state: State, event: Event) -> Turn:
    return parts.say(state, event, "unsupported")


FLOWS: dict[Kind, Flow] = {
    Kind.TEXT: _text,
    Kind.EDITED: questions.edited,
    Kind.COMMAND: commands.command,
    Kind.BUTTON: buttons.button,
    Kind.OTHER: _other,
}
