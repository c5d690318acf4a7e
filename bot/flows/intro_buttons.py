"""The buttons of the introduction, and the one that leads back to it from an answer."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.event import Event, EventKind
from bot.domain.message import EditMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import intro
from bot.flows.callback_data import ENTRY_CALLBACK, INTRO_CALLBACK
from bot.flows.context import Services
from bot.flows.intro import IntroPage
from knowledge.records.intro import INTRO_AUDIENCES

INTERLUDE_COMMANDS = frozenset(
    ("start", "frage", "kontakt", "sprache", "hilfe", "datenschutz", "meinedaten")
)  # commands
INTRO_CALLBACK_PREFIXES = (INTRO_CALLBACK, "go:")  # buttons that lead to the introduction
CallbackHandler = Callable[[Services, State, Event, str], Turn | None]


def handle_intro_callback(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """The turn of a tap; None where the button no longer counts."""
    action, _, value = data.partition(":")
    if not action.isdecimal():
        return INTRO_ACTIONS[action][1](services, state, event, value) if action in INTRO_ACTIONS else None
    choice_index = int(value) if value.isdecimal() else None
    return intro.show_step(state, event, services.steps, int(action), services.lang(state, event), choice_index)


def target_page(data: str) -> IntroPage | None:
    """The page that a button shows; None for one that leads out of the introduction."""
    action, _, value = data.removeprefix(INTRO_CALLBACK).partition(":")
    if not data.startswith(INTRO_CALLBACK):
        return None
    if action.isdecimal():
        return IntroPage.REPLY if value else IntroPage.STEP
    return INTRO_ACTIONS[action][0]


def add_intro_button(services: Services, event: Event, turn: Turn) -> Turn:
    """Below what was said in the middle of the introduction stands the way back to it."""
    state = turn.state
    if not state.touring or (state.form and not state.form.paused) or not _is_interlude(event):
        return turn
    rows = [
        row for message in turn.messages if isinstance(message, SendMessage | EditMessage) for row in message.keyboard
    ]
    index = max((index for index, message in enumerate(turn.messages) if _is_sent_here(message)), default=None)
    if index is None or any(button.data.startswith(INTRO_CALLBACK_PREFIXES) for row in rows for button in row):
        return turn
    last = turn.messages[index]
    assert isinstance(last, SendMessage | EditMessage)
    row = (intro.continue_button(max(state.step, 1), services.lang(state, event), in_new_message=True),)
    extended = replace(last, keyboard=(*last.keyboard, row))
    return replace(turn, messages=(*turn.messages[:index], extended, *turn.messages[index + 1 :]))


def _is_interlude(event: Event) -> bool:
    if event.kind is EventKind.COMMAND:
        return CANONICAL_COMMANDS.get(event.command) in INTERLUDE_COMMANDS
    return event.kind in (EventKind.TEXT, EventKind.EDITED) or event.text.startswith((ENTRY_CALLBACK, "l:"))


def _is_sent_here(message: object) -> bool:
    if isinstance(message, SendMessage):
        return message.chat_id is None and not message.to_advisers
    return isinstance(message, EditMessage)


def _choose_audience(services: Services, state: State, event: Event, name: str) -> Turn | None:
    """Who skips the question reads what the curious read."""
    if name and name not in INTRO_AUDIENCES:
        return None
    updated = replace(state, audience=name or INTRO_AUDIENCES[-1])
    return intro.show_step(updated, event, services.steps, state.step, services.lang(state, event))


def _change_audience(services: Services, state: State, event: Event, _: str) -> Turn:
    return intro.ask_audience(state, event, services.steps, services.lang(state, event))


def _show_in_new_message(services: Services, state: State, event: Event, number: str) -> Turn | None:
    if not number.isdecimal():
        return None
    event = replace(event, kind=EventKind.COMMAND)
    return intro.show_step(state, event, services.steps, int(number), services.lang(state, event))


def _handle_overview(services: Services, state: State, event: Event, _: str) -> Turn:
    return intro.show_overview(state, event, services.steps, services.lang(state, event))


def _handle_pause(services: Services, state: State, event: Event, _: str) -> Turn:
    return intro.pause_intro(state, event, services.steps, services.lang(state, event))


INTRO_ACTIONS: dict[str, tuple[IntroPage, CallbackHandler]] = {
    "a": (IntroPage.STEP, _choose_audience),
    "who": (IntroPage.AUDIENCE, _change_audience),
    "go": (IntroPage.STEP, _show_in_new_message),
    "all": (IntroPage.OVERVIEW, _handle_overview),
    "pause": (IntroPage.PAUSED, _handle_pause),
}
