"""Spans of time, and the advisers' working days: Monday to Friday, except public holidays in Berlin and absences."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from bot.domain.absence import Absence, next_present_day
from prompts.dates import TIME_ZONE, to_local_time

HOUR, DAY = 3_600.0, 86_400.0  # seconds
JUMP_THRESHOLD = HOUR  # time servers correct a clock by less, and summer time does not affect Unix time
OPENING_TIME, CLOSING_TIME = time(9), time(17)  # a request that arrives later counts as one of the next day


def times_within(times: Iterable[float], now: float, period: float) -> tuple[float, ...]:
    """Return the times (Unix) of the last ``period`` seconds; times in the future (a wrong clock) are left out."""
    return tuple(moment for moment in times if 0 <= now - moment < period)


def answer_deadline(now: float, days: int, absences: Collection[Absence] = ()) -> float:
    """Return the closing hour (Unix time) ``days`` working days after ``now``.

    A request that arrives at a weekend or after the closing hour counts as one of the next working day.
    """
    moment = to_local_time(now)
    day = moment.date()
    days_left = days if is_working_day(day, absences) and moment.time() < CLOSING_TIME else days + 1
    while days_left:
        day += timedelta(days=1)
        days_left -= is_working_day(day, absences)
    return datetime.combine(day, CLOSING_TIME, TIME_ZONE).timestamp()


def promised_deadline(now: float, days: int, absences: Collection[Absence] = ()) -> float:
    """Return by when an answer is promised (Unix time) if a request arrives now; 0, no promise, for 0 ``days``."""
    return answer_deadline(now, days, absences) if days else 0.0


def next_opening(now: float, absences: Collection[Absence] = ()) -> float:
    """Return the opening hour (Unix time) of the first working day after today."""
    return datetime.combine(_next_working_day(now, absences), OPENING_TIME, TIME_ZONE).timestamp()


def next_closing(now: float, absences: Collection[Absence] = ()) -> float:
    """Return the closing hour (Unix time) of the first working day after today."""
    return datetime.combine(_next_working_day(now, absences), CLOSING_TIME, TIME_ZONE).timestamp()


def is_working_day(day: date, absences: Collection[Absence] = ()) -> bool:
    """Return whether the advisers work on this day."""
    is_away = any(absence.includes(day) for absence in absences)
    return day.weekday() < 5 and day not in _public_holidays(day.year) and not is_away


def find_absence(now: float, absences: Collection[Absence]) -> Absence | None:
    """Return the absence in which a message written now waits: the current one, or one within a working day."""
    days = (to_local_time(now).date(), to_local_time(answer_deadline(now, 1)).date())
    return next((absence for day in days for absence in sorted(absences) if absence.includes(day)), None)


def defer_to_return(due: float, now: float, absences: Collection[Absence]) -> float:
    """Return when something is due (Unix time) that was due by then, if an absence has begun that ends after it."""
    begun = (absence for absence in absences_at(now, absences) if day_end(absence.last) > due)
    return max((return_day(absence, absences) for absence in begun), default=due)


def return_day(absence: Absence, absences: Collection[Absence]) -> float:
    """Return the opening hour (Unix time) of the first working day after an absence and those that follow it."""
    last = next_present_day(absence.last, absences) - timedelta(days=1)
    return next_opening(day_end(last), absences)


def day_end(day: date) -> float:
    """Return the last second of a day in Berlin (Unix time)."""
    return datetime.combine(day + timedelta(days=1), time(), TIME_ZONE).timestamp() - 1


def absences_at(moment: float, absences: Collection[Absence]) -> tuple[Absence, ...]:
    """Return those absences that had begun by then (Unix time), of which whoever wrote then was told."""
    day = to_local_time(moment).date()
    return tuple(absence for absence in absences if absence.first <= day)


def _next_working_day(now: float, absences: Collection[Absence]) -> date:
    day = to_local_time(now).date() + timedelta(days=1)
    while not is_working_day(day, absences):
        day += timedelta(days=1)
    return day


@cache
def _public_holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year, all at once: the library's own object is filled while other threads read it."""
    return frozenset(holidays.country_holidays("DE", subdiv="BE", years=year))
