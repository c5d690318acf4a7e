"""Somebody who asks very much at once is told so, once; what they ask in the rest of that minute is not searched.

Only questions count: what belongs to a request for advice, buttons and commands never do. The minute is the one in
which the questions were written, so that nobody is told so who wrote them over hours while the bot was away.
"""

from dataclasses import replace

from bot.flows.parts import Parts
from bot.model import Event, Kind, State, Turn

MOST = 15  # questions of one person in a minute; more than anybody reads answers to
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
