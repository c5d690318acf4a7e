"""Spans of time, and what happened within the last one."""

from collections.abc import Iterable

HOUR, DAY = 3_600.0, 86_400.0  # seconds
JUMP_THRESHOLD = HOUR  # time servers correct a clock by less, and summer time does not affect Unix time


def times_within(times: Iterable[float], now: float, period: float) -> tuple[float, ...]:
    """Return the times (Unix) of the last ``period`` seconds; times in the future (a wrong clock) are left out."""
    return tuple(time for time in times if 0 <= now - time < period)
