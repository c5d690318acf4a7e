"""Whether to trust the clock, which may be wrong at the start and may be corrected, or broken, at any time.

There are two rules. A wait has a start and an end (`remaining_wait`), so correcting the clock ends a wait that began
while it was wrong; retrying too early costs one more rejection. And irreversible actions are taken only if the clock
has run steadily for a while and the store does not contradict it (`ClockJumpGuard`).
"""

import logging
from collections.abc import Callable

from bot.domain.calendar import JUMP_THRESHOLD
from bot.store import Store

log = logging.getLogger(__name__)
SETTLING_TIME = 600.0  # seconds from the start or a jump until the clock is trusted


def is_everything_older(store: Store, before: float) -> bool:
    """Return whether everything in a store was written before a Unix time, which suggests that the clock is wrong."""
    last_activity = store.last_activity()
    return last_activity is not None and last_activity < before


class ClockJumpGuard:
    """Compares the clock (Unix time) with a monotonic timer (seconds).

    ``is_contradicted`` says whether a time is implausible; it is called when the clock would be trusted again.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        timer: Callable[[], float],
        is_contradicted: Callable[[float], bool] = lambda now: False,
    ) -> None:
        self._clock, self._timer, self._is_contradicted = clock, timer, is_contradicted
        self._trusted_offset: float | None = None  # of the clock from the timer; None until it is trusted
        self._last_offset, self._offset_since = clock() - timer(), timer()

    def __call__(self) -> float | None:
        """Return the time to act on, or None while the clock is in doubt.

        It is in doubt for ten minutes after the start or a jump, unless the jump is undone, and for as long as it is
        contradicted.
        """
        now, elapsed = self._clock(), self._timer()
        offset = now - elapsed
        if self._trusted_offset is not None and abs(offset - self._trusted_offset) <= JUMP_THRESHOLD:
            if self._last_offset != self._trusted_offset:
                log.info("the clock jumped back: it is trusted again")
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
                "by the clock, everything in the store is older than the retention period: check it. Until something "
                "new is stored, nobody is reminded and nothing is closed or deleted"
            )
            self._offset_since = elapsed
            return None
        if self._trusted_offset is not None:
            log.warning("the clock's new time is stable: it is trusted now")
        self._trusted_offset = self._last_offset = offset
        return now

    def trust_clock(self) -> None:
        """Trust the clock as it is now, since it was set on purpose."""
        self._trusted_offset = self._last_offset = self._clock() - self._timer()
