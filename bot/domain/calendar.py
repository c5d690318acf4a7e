"""Spans of time, and the advisers' working days: Monday to Friday, except public holidays in Berlin."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from prompts.dates import TIME_ZONE, to_local_time

HOUR, DAY = 3_600.0, 86_400.0  # seconds
JUMP_THRESHOLD = HOUR  # time servers correct a clock by less, and summer time does not affect Unix time
OPENING_TIME, CLOSING_TIME = time(9), time(17)  # a request that arrives later counts as one of the next day


def times_within(times: Iterable[float], now: float, period: float) -> tuple[float, ...]:
    """Return the times (Unix) of the last ``period`` seconds; times in the future (a wrong clock) are left out."""
    return tuple(moment for moment in times if 0 <= now - moment < period)


def answer_deadline(now: float, days: int) -> float:
    """Return the closing hour (Unix time) ``days`` working days after ``now``.

    A request that arrives at a weekend or after the closing hour counts as one of the next working day.
    """
    moment = to_local_time(now)
    day = moment.date()
    days_left = days if is_working_day(day) and moment.time() < CLOSING_TIME else days + 1
    while days_left:
        day += timedelta(days=1)
        days_left -= is_working_day(day)
    return datetime.combine(day, CLOSING_TIME, TIME_ZONE).timestamp()


def promised_deadline(now: float, days: int) -> float:
    """Return by when an answer is promised (Unix time) if a request arrives now; 0, no promise, for 0 ``days``."""
    return answer_deadline(now, days) if days else 0.0


def next_opening(now: float) -> float:
    """Return the opening hour (Unix time) of the first working day after today."""
    return datetime.combine(_next_working_day(now), OPENING_TIME, TIME_ZONE).timestamp()


def next_closing(now: float) -> float:
    """Return the closing hour (Unix time) of the first working day after today."""
    return datetime.combine(_next_working_day(now), CLOSING_TIME, TIME_ZONE).timestamp()


def is_working_day(day: date) -> bool:
    """Return whether the advisers work on this day."""
    return day.weekday() < 5 and day not in _public_holidays(day.year)


def _next_working_day(now: float) -> date:
    day = to_local_time(now).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _public_holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year, all at once: the library's own object is filled while other threads read it."""
    return frozenset(holidays.country_holidays("DE", subdiv="BE", years=year))
