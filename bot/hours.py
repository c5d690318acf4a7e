"""Working days of the advisers: Monday to Friday in Berlin, without its public holidays."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from prompts.render import label

ZONE = ZoneInfo("Europe/Berlin")
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


def local(moment: float) -> datetime:
    """A Unix time as a clock in Berlin shows it."""
    return datetime.fromtimestamp(moment, UTC).astimezone(ZONE)


def spoken(moment: float, lang: str) -> str:
    """A Unix time as people say it: day and time in Berlin."""
    then = local(moment)
    weekday = label("weekdays", lang).split()[then.weekday()]
    month = label("months", lang).split()[then.month - 1]
    form = "day_and_time" if then.minute else "day_and_hour"
    return label(form, lang, weekday=weekday, day=then.day, month=month, hour=then.hour, minute=then.minute)


def dated(moment: float, lang: str) -> str:
    """A Unix time as a date in Berlin."""
    then = local(moment)
    return label("date", lang, day=then.day, month=label("months", lang).split()[then.month - 1], year=then.year)


def _next_working_day(now: float) -> date:
    day = local(now).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    """Those of a year, complete at once: the library's own object is filled while others read it."""
    return frozenset(holidays.country_holidays("DE", subdiv="BE", years=year))
