"""How often one person may try codes that do not exist, and make new ones, so that nobody finds a team by trying.

The same holds however a code comes: typed, by a link or by a button. The times are part of the person's state.
"""

from dataclasses import replace

from bot.domain.event import Event
from bot.domain.selfcheck import is_code
from bot.domain.turn import State
from bot.flows.context import Parts

MAX_GUESSES, HOUR = 10, 3_600.0
MAX_NEW_CODES, DAY = 5, 86_400.0


def is_known(parts: Parts, code: str) -> bool:
    """Whether there is a team with this code."""
    return is_code(code) and parts.store.team(code) is not None


def may_try(parts: Parts, state: State, event: Event, code: str) -> bool:
    """Whether this person may try a code; one that they answered under is no guess."""
    recent = _since(state.guesses, parts.now(), HOUR)
    return len(recent) < MAX_GUESSES or code in parts.store.codes(event.user_id)


def guessed(parts: Parts, state: State) -> State:
    """The state with one more code that does not exist."""
    now = parts.now()
    return replace(state, guesses=(*_since(state.guesses, now, HOUR), now))


def may_create(parts: Parts, state: State) -> bool:
    """Whether this person may have another new code."""
    return len(_since(state.new_codes, parts.now(), DAY)) < MAX_NEW_CODES


def created(parts: Parts, state: State) -> State:
    """The state with one more new code."""
    now = parts.now()
    return replace(state, new_codes=(*_since(state.new_codes, now, DAY), now))


def _since(times: tuple[float, ...], now: float, period: float) -> tuple[float, ...]:
    """The times within the last period; one in the future is none (the clock was put back)."""
    return tuple(time for time in times if 0 <= now - time < period)
