"""The buttons of the introduction, and the one that leads back to it from an answer."""

from collections.abc import Callable
from dataclasses import replace

from bot.answering.answerer import ENTRY
from bot.domain.commands import MEANING
from bot.domain.event import Event, Kind
from bot.domain.message import Change, Say
from bot.domain.turn import State, Turn
from bot.flows import intro
from bot.flows.callback_data import STEP
from bot.flows.context import Parts
from bot.flows.intro import Page
from knowledge.records.intro import AUDIENCES

BETWEEN = frozenset(("start", "frage", "kontakt", "sprache", "hilfe", "datenschutz", "meinedaten"))  # commands
OWN = (STEP, "go:")  # buttons that lead to the introduction
Tap = Callable[[Parts, State, Event, str], Turn | None]


def tapped(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """The turn of a tap; None where the button no longer counts."""
    action, _, value = rest.partition(":")
    if not action.isdecimal():
        return TAPS[action][1](parts, state, event, value) if action in TAPS else None
    chosen = int(value) if value.isdecimal() else None
    return intro.show_step(state, event, parts.steps, int(action), parts.lang(state, event), chosen)


def leads_to(data: str) -> Page | None:
    """The page that a button shows; None for one that leads out of the introduction."""
    action, _, value = data.removeprefix(STEP).partition(":")
    if not data.startswith(STEP):
        return None
    if action.isdecimal():
        return Page.REPLY if value else Page.STEP
    return TAPS[action][0]


def onward(parts: Parts, event: Event, turn: Turn) -> Turn:
    """Below what was said in the middle of the introduction stands the way back to it."""
    state = turn.state
    if not state.touring or (state.form and not state.form.paused) or not _is_between(event):
        return turn
    rows = [row for message in turn.messages if isinstance(message, Say | Change) for row in message.keyboard]
    at = max((at for at, message in enumerate(turn.messages) if _is_said_here(message)), default=None)
    if at is None or any(button.data.startswith(OWN) for row in rows for button in row):
        return turn
    last = turn.messages[at]
    assert isinstance(last, Say | Change)
    row = (intro.go_on(max(state.step, 1), parts.lang(state, event), anew=True),)
    extended = replace(last, keyboard=(*last.keyboard, row))
    return replace(turn, messages=(*turn.messages[:at], extended, *turn.messages[at + 1 :]))


def _is_between(event: Event) -> bool:
    if event.kind is Kind.COMMAND:
        return MEANING.get(event.command) in BETWEEN
    return event.kind in (Kind.TEXT, Kind.EDITED) or event.text.startswith((ENTRY, "l:"))


def _is_said_here(message: object) -> bool:
    if isinstance(message, Say):
        return message.chat_id is None and not message.desk
    return isinstance(message, Change)


def _audience(parts: Parts, state: State, event: Event, name: str) -> Turn | None:
    """Who skips the question reads what the curious read."""
    if name and name not in AUDIENCES:
        return None
    known = replace(state, audience=name or AUDIENCES[-1])
    return intro.show_step(known, event, parts.steps, state.step, parts.lang(state, event))


def _ask_audience(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return intro.ask_audience(state, event, parts.steps, parts.lang(state, event))


def _anew(parts: Parts, state: State, event: Event, number: str) -> Turn | None:
    if not number.isdecimal():
        return None
    event = replace(event, kind=Kind.COMMAND)
    return intro.show_step(state, event, parts.steps, int(number), parts.lang(state, event))


def _overview(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return intro.overview(state, event, parts.steps, parts.lang(state, event))


def _pause(parts: Parts, state: State, event: Event, _: str) -> Turn:
    return intro.paused(state, event, parts.steps, parts.lang(state, event))


TAPS: dict[str, tuple[Page, Tap]] = {
    "a": (Page.STEP, _audience),
    "who": (Page.AUDIENCE, _ask_audience),
    "go": (Page.STEP, _anew),
    "all": (Page.OVERVIEW, _overview),
    "pause": (Page.PAUSED, _pause),
}
