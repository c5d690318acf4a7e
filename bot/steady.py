"""Whether the clock can be trusted: a wrong one would close every request for silence, or remind of none."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)
JUMP = 3_600.0  # seconds; time servers correct by less, and summer time does not touch Unix time
SETTLED = 600.0  # seconds after which a clock that jumped is believed


class Steady:
    """Compares the clock (Unix time) with a timer that nobody can set (seconds)."""

    def __init__(self, clock: Callable[[], float], timer: Callable[[], float]) -> None:
        self._clock, self._timer = clock, timer
        self._offset = self._doubted = self._now()
        self._since: float | None = None  # when the doubt began, by the timer

    def __call__(self) -> bool:
        """Whether to act on the time now. After a jump it is doubted, until it is undone or stays for ten minutes."""
        offset = self._now()
        if abs(offset - self._offset) <= JUMP:
            if self._since is not None:
                log.info("the clock is right again")
            self.accept()
            return True
        if self._since is None or abs(offset - self._doubted) > JUMP:
            self._since, self._doubted = self._timer(), offset
            hours = (offset - self._offset) / 3_600
            log.error("the clock jumped by %+.0f hours: check it. Reminders and deadlines wait meanwhile", hours)
        if self._timer() - self._since < SETTLED:
            return False
        log.warning("the clock has kept its new time: it is believed from now on")
        self.accept()
        return True

    def accept(self) -> None:
        """Believe the clock as it is now."""
        self._offset, self._since = self._now(), None

    def _now(self) -> float:
        return self._clock() - self._timer()
