"""Somebody who asks very much at once is told so, once; what they ask in the rest of that minute is not searched.

What is typed for a request for advice, and commands, never count. The minute is the one in which the questions were
written, so that nobody is told so who wrote them over hours while the bot was away.

Taps have a limit of their own, which nobody reaches who reads what they bring: beyond it a tap changes nothing, so
that whatever it was for can be tapped again.
"""

from dataclasses import replace

from bot.domain.event import Event, Kind
from bot.domain.message import Toast
from bot.domain.turn import State, Turn
from bot.flows.context import Parts
from prompts.render import label

MOST = 15  # questions of one person in a minute; more than anybody reads answers to
MOST_TAPS = 60  # taps of one person in a minute that bring a message or change one
MINUTE = 60.0


def counted(state: State, event: Event, now: float) -> State:
    """The state with this question counted. ``now`` stands in where Telegram says no time (both Unix)."""
    asked = event.written or now
    if not 0 <= asked - state.minute < MINUTE:
        return replace(state, minute=asked, asked=1)
    return replace(state, asked=min(state.asked + 1, MOST + 2))


def slowed(parts: Parts, state: State, event: Event) -> Turn | None:
    """The turn where there have been too many questions; None where this one is answered."""
    if state.asked <= MOST:
        return None
    told = state.asked > MOST + 1 or event.kind is Kind.EDITED
    return Turn(state) if told else parts.say(state, event, "burst")


def tapped(parts: Parts, state: State, event: Event, turn: Turn) -> Turn:
    """The turn of a tap with the tap counted; where there have been too many, one that only says so.

    What is answered on the button alone does not count.
    """
    if all(isinstance(message, Toast) for message in turn.messages):
        return turn
    now = parts.now()
    running = 0 <= now - state.taps_since < MINUTE
    if running and state.taps >= MOST_TAPS:
        return Turn(state, (Toast(label("taps", parts.lang(state, event))),))
    taps, since = (state.taps + 1, state.taps_since) if running else (1, now)
    return replace(turn, state=replace(turn.state, taps=taps, taps_since=since))
