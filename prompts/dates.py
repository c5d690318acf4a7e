"""Dates and times as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from prompts.render import format_label

TIME_ZONE = ZoneInfo("Europe/Berlin")


def to_local_time(moment: float) -> datetime:
    """A Unix time as a clock in Berlin shows it."""
    return datetime.fromtimestamp(moment, UTC).astimezone(TIME_ZONE)


def format_date_and_time(moment: float, lang: str) -> str:
    """A Unix time as people say it: day and time in Berlin."""
    local_time = to_local_time(moment)
    weekday = format_label("weekdays", lang).split()[local_time.weekday()]
    month = format_label("months", lang).split()[local_time.month - 1]
    label_name = "day_and_time" if local_time.minute else "day_and_hour"
    return format_label(
        label_name,
        lang,
        weekday=weekday,
        day=local_time.day,
        month=month,
        hour=local_time.hour,
        minute=local_time.minute,
    )


def format_date(moment: float, lang: str) -> str:
    """A Unix time as a date in Berlin."""
    local_time = to_local_time(moment)
    return format_label(
        "date",
        lang,
        day=local_time.day,
        month=format_label("months", lang).split()[local_time.month - 1],
        year=local_time.year,
    )
