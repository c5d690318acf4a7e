"""When the advisers are away: periods of whole days, as settings and advisers write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

MAX_DAYS = 366  # of one absence
_MONTHS = ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
_ISO_PERIOD = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*(?:\.\.|bis|–|-)\s*(\d{4}-\d\d-\d\d))?")
_DAY = r"(\d{1,2})\.\s*(?:(\d{1,2})\.|(jan|feb|mär|mar|apr|mai|jun|jul|aug|sep|okt|nov|dez)\w*\.?)?\s*(\d{4})?"
_PERIOD = re.compile(rf"(?:vom\s+|ab\s+|am\s+)?{_DAY}(?:\s*(?:bis(?:\s+zum)?|–|-)\s*{_DAY})?")
_UNTIL = re.compile(rf"bis(?:\s+zum)?\s+{_DAY}")
_NEAR_DAYS = {"heute": 0, "morgen": 1, "übermorgen": 2}


@dataclass(frozen=True, slots=True, order=True)
class Absence:
    """A period in which the advisers are away; both days belong to it."""

    first: date
    last: date

    def includes(self, day: date) -> bool:
        """Return whether a day is part of it."""
        return self.first <= day <= self.last


def read_absences(text: str) -> tuple[Absence, ...]:
    """Read a list such as "2026-08-03..2026-08-17, 2026-12-24"; raises ValueError that says what it should be."""
    absences = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?", part)
        try:
            absence = match and Absence(date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1]))
        except ValueError:  # there is no such day
            absence = None
        if not absence or absence.first > absence.last:
            raise ValueError("is not a list of days and periods; write 2026-08-03..2026-08-17, 2026-12-24")
        absences.append(absence)
    return tuple(sorted(absences))


def parse_absence(text: str, today: date) -> Absence | None:
    """Return the period that an adviser wrote in German, such as "3. bis 17. August"; None if it is none.

    A period without a year is the next one that is not over. One that is over, or lasts longer than `MAX_DAYS`, is
    none.
    """
    words = " ".join(text.casefold().split()).strip(" .!")
    words = words + "." if words[-1:].isdigit() and re.search(r"\.\d{1,2}$", words) else words  # "3.8" for "3.8."
    try:
        absence = _parse_period(words, today)
    except ValueError:  # there is no such day
        return None
    is_valid = absence and today <= absence.last and 0 <= (absence.last - absence.first).days < MAX_DAYS
    return absence if is_valid else None


def next_present_day(day: date, absences: Iterable[Absence]) -> date:
    """Return the first day from ``day`` on that is part of no absence."""
    for absence in sorted(absences):
        if absence.includes(day):
            day = absence.last + timedelta(days=1)
    return day


def _parse_period(words: str, today: date) -> Absence | None:
    if words in _NEAR_DAYS:
        day = today + timedelta(days=_NEAR_DAYS[words])
        return Absence(day, day)
    if match := _ISO_PERIOD.fullmatch(words):
        return Absence(date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1]))
    if match := _UNTIL.fullmatch(words):
        last = _resolve_day(match.groups(), today)
        return Absence(today, last) if last else None
    match = _PERIOD.fullmatch(words) or _PERIOD.fullmatch(words + ".")
    if match is None:
        return None
    first_parts, last_parts = match.groups()[:4], match.groups()[4:]
    if last_parts[0] is None:
        day_alone = _resolve_day(first_parts, today)
        return Absence(day_alone, day_alone) if day_alone else None
    last = _resolve_day(last_parts, today)
    if last is None:
        return None
    number, month_number, month_name, year = first_parts
    month = _month(month_number, month_name) or last.month
    first = date(int(year or last.year), month, int(number))
    if first > last and year is None and (month_number or month_name):  # over the turn of the year
        first = date(last.year - 1, month, int(number))
    return Absence(first, last)


def _resolve_day(parts: tuple[str | None, ...], today: date) -> date | None:
    """Return the day; without a year the next one, without a month none."""
    number, month_number, month_name, year = parts
    month = _month(month_number, month_name)
    if number is None or month is None:
        return None
    if year:
        return date(int(year), month, int(number))
    day = date(today.year, month, int(number))
    return day if day >= today else date(today.year + 1, month, int(number))


def _month(number: str | None, name: str | None) -> int | None:
    if name:
        return _MONTHS.index(name.replace("mar", "mär")) + 1
    return int(number) if number else None
