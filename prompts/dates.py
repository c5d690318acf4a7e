"""Dates and times as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from prompts.render import label

ZONE = ZoneInfo("Europe/Berlin")


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
