"""How far the clock is believed: it may be wrong at the start, and be put right, or wrong, at any time after it.

There are two rules. A wait is a stretch of time (`left`), and outside of it nothing waits: a clock that is put right
ends what was noted while it was wrong, and trying too early costs one more refusal. And what cannot be undone is done
only by a clock that has run evenly for a while and that the store does not contradict (`Steady`).
"""

import logging
from collections.abc import Callable

from bot.store.protocol import Store

log = logging.getLogger(__name__)
JUMP = 3_600.0  # seconds; time servers correct by less, and summer time does not touch Unix time
SETTLED = 600.0  # seconds after the start or a jump from which on the clock is believed


def all_older(store: Store, before: float) -> bool:
    """Whether all that a store holds was written before a Unix time, so that rather the clock is wrong."""
    newest = store.newest()
    return newest is not None and newest < before


class Steady:
    """Compares the clock (Unix time) with a timer that nobody can set (seconds).

    ``contradicted`` says whether a time cannot be, by what is known otherwise; it is asked where a doubt would end.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        timer: Callable[[], float],
        contradicted: Callable[[float], bool] = lambda now: False,
    ) -> None:
        self._clock, self._timer, self._contradicted = clock, timer, contradicted
        self._believed: float | None = None  # how far the clock is ahead of the timer; None before it is believed
        self._seen, self._since = clock() - timer(), timer()  # the same as last seen, and the timer at that moment

    def __call__(self) -> float | None:
        """The time to act on; None while the clock is in doubt.

        It is at the start, and after a jump until that is undone, for ten minutes, and on as long as it is
        contradicted.
        """
        now, timer = self._clock(), self._timer()
        ahead = now - timer
        if self._believed is not None and abs(ahead - self._believed) <= JUMP:
            if self._seen != self._believed:
                log.info("the clock is right again")
            self._believed = self._seen = ahead
            return now
        if abs(ahead - self._seen) > JUMP:
            hours = (ahead - self._seen) / 3_600
            log.error("the clock jumped by %+.0f hours: check it. Reminders and deadlines wait meanwhile", hours)
            self._seen, self._since = ahead, timer
        if timer - self._since < SETTLED:
            return None
        if self._contradicted(now):
            log.error(
                "by the clock all that the store holds is too old to be kept: check it. Until something new is "
                "written down nobody is reminded, and nothing is closed or deleted"
            )
            self._since = timer
            return None
        if self._believed is not None:
            log.warning("the clock has kept its new time: it is believed from now on")
        self._believed = self._seen = ahead
        return now

    def accept(self) -> None:
        """Believe the clock as it is now."""
        self._believed = self._seen = self._clock() - self._timer()
