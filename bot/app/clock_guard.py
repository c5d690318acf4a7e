"""How far the clock is believed: it may be wrong at the start, and be put right, or wrong, at any time after it.

There are two rules. A wait is a stretch of time (`left`), and outside of it nothing waits: a clock that is put right
ends what was noted while it was wrong, and trying too early costs one more refusal. And what cannot be undone is done
only by a clock that has run evenly for a while and that the store does not contradict (`Steady`).
"""

import logging
from collections.abc import Callable

from bot.domain.time_window import JUMP_THRESHOLD
from bot.store.protocol import Store

log = logging.getLogger(__name__)
SETTLING_TIME = 600.0  # seconds after the start or a jump from which on the clock is believed


def is_everything_older(store: Store, before: float) -> bool:
    """Whether all that a store holds was written before a Unix time, so that rather the clock is wrong."""
    last_activity = store.last_activity()
    return last_activity is not None and last_activity < before


class ClockJumpGuard:
    """Compares the clock (Unix time) with a timer that nobody can set (seconds).

    ``contradicted`` says whether a time cannot be, by what is known otherwise; it is asked where a doubt would end.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        timer: Callable[[], float],
        is_contradicted: Callable[[float], bool] = lambda now: False,
    ) -> None:
        self._clock, self._timer, self._is_contradicted = clock, timer, is_contradicted
        self._trusted_offset: float | None = (
            None  # how far the clock is ahead of the timer; None before it is believed
        )
        self._last_offset, self._offset_since = (
            clock() - timer(),
            timer(),
        )  # the same as last seen, and the timer at that moment

    def __call__(self) -> float | None:
        """The time to act on; None while the clock is in doubt.

        It is at the start, and after a jump until that is undone, for ten minutes, and on as long as it is
        contradicted.
        """
        now, elapsed = self._clock(), self._timer()
        offset = now - elapsed
        if self._trusted_offset is not None and abs(offset - self._trusted_offset) <= JUMP_THRESHOLD:
            if self._last_offset != self._trusted_offset:
                log.info("the clock is right again")
            self._trusted_offset = self._last_offset = offset
            return now
        if abs(offset - self._last_offset) > JUMP_THRESHOLD:
            hours = (offset - self._last_offset) / 3_600
            log.error("the clock jumped by %+.0f hours: check it. Reminders and deadlines wait meanwhile", hours)
            self._last_offset, self._offset_since = offset, elapsed
        if elapsed - self._offset_since < SETTLING_TIME:
            return None
        if self._is_contradicted(now):
            log.error(
                "by the clock all that the store holds is too old to be kept: check it. Until something new is "
                "written down nobody is reminded, and nothing is closed or deleted"
            )
            self._offset_since = elapsed
            return None
        if self._trusted_offset is not None:
            log.warning("the clock has kept its new time: it is believed from now on")
        self._trusted_offset = self._last_offset = offset
        return now

    def trust_clock(self) -> None:
        """Believe the clock as it is now."""
        self._trusted_offset = self._last_offset = self._clock() - self._timer()
