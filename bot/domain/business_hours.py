"""Working days of the advisers: Monday to Friday in Berlin, without its public holidays."""

from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from prompts.dates import ZONE, local

OPENING, CLOSING = time(9), time(17)  # what comes later counts as coming the next day


def answer_by(now: float, days: int) -> float:
    """Unix time of the closing hour ``days`` working days after now; a request at the weekend counts from Monday."""
    moment = local(now)
    day = moment.date()
    left = days if is_working_day(day) and moment.time() < CLOSING else days + 1
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return datetime.combine(day, CLOSING, ZONE).timestamp()


def next_morning(now: float) -> float:
    """Unix time of the opening hour on the first working day after today."""
    return datetime.combine(_next_working_day(now), OPENING, ZONE).timestamp()


def next_evening(now: float) -> float:
    """Unix time of the closing hour on the first working day after today."""
    return datetime.combine(_next_working_day(now), CLOSING, ZONE).timestamp()


def is_working_day(day: date) -> bool:
    """Whether the advisers work on this day."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def _next_working_day(now: float) -> date:
    day = local(now).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    """Those of a year, complete at once: the library's own object is filled while others read it."""
    return frozenset(holidays.country_holidays("DE", subdiv="BE", years=year))
