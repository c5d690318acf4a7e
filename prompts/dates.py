"""Format dates and times in Berlin as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from prompts.render import format_label

TIME_ZONE = ZoneInfo("Europe/Berlin")


def to_local_time(moment: float) -> datetime:
    """Return a Unix time as the date and time in Berlin."""
    return datetime.fromtimestamp(moment, UTC).astimezone(TIME_ZONE)


def format_date_and_time(moment: float, lang: str) -> str:
    """Return a Unix time as weekday, date and time in Berlin; minutes are left out on the hour."""
    local_time = to_local_time(moment)
    return format_label(
        "day_and_time" if local_time.minute else "day_and_hour",
        lang,
        weekday=format_label("weekdays", lang).split()[local_time.weekday()],
        day=local_time.day,
        month=_month_name(local_time, lang),
        hour=local_time.hour,
        minute=local_time.minute,
    )


def format_date(moment: float, lang: str) -> str:
    """Return a Unix time as the date in Berlin, with the year."""
    local_time = to_local_time(moment)
    return format_label("date", lang, day=local_time.day, month=_month_name(local_time, lang), year=local_time.year)


def _month_name(local_time: datetime, lang: str) -> str:
    return format_label("months", lang).split()[local_time.month - 1]
