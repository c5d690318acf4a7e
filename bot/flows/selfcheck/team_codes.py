"""How often one person may try codes that do not exist, and make new ones, so that nobody finds a team by trying.

The same holds however a code comes: typed, by a link or by a button. The times are part of the person's state.
"""

from dataclasses import replace

from bot.domain.event import Event
from bot.domain.selfcheck import is_code
from bot.domain.turn import State
from bot.flows.context import Services

MAX_GUESSES, HOUR = 10, 3_600.0
MAX_NEW_CODES, DAY = 5, 86_400.0


def is_existing_code(services: Services, code: str) -> bool:
    """Whether there is a team with this code."""
    return is_code(code) and services.store.find_team(code) is not None


def may_try_code(services: Services, state: State, event: Event, code: str) -> bool:
    """Whether this person may try a code; one that they answered under is no guess."""
    recent = _times_within(state.guesses, services.now(), HOUR)
    return len(recent) < MAX_GUESSES or code in services.store.team_codes(event.user_id)


def record_guess(services: Services, state: State) -> State:
    """The state with one more code that does not exist."""
    now = services.now()
    return replace(state, guesses=(*_times_within(state.guesses, now, HOUR), now))


def may_create_code(services: Services, state: State) -> bool:
    """Whether this person may have another new code."""
    return len(_times_within(state.new_codes, services.now(), DAY)) < MAX_NEW_CODES


def record_new_code(services: Services, state: State) -> State:
    """The state with one more new code."""
    now = services.now()
    return replace(state, new_codes=(*_times_within(state.new_codes, now, DAY), now))


def _times_within(times: tuple[float, ...], now: float, period: float) -> tuple[float, ...]:
    """The times within the last period; one in the future is none (the clock was put back)."""
    return tuple(time for time in times if 0 <= now - time < period)
