"""When the advisers are away, as settings and advisers write it, and what it does to working days."""

from datetime import date, datetime

import pytest

from bot.domain.absence import Absence, parse_absence, read_absences
from bot.domain.calendar import answer_deadline, find_absence, next_opening, return_day
from prompts.dates import TIME_ZONE, to_local_time

TODAY = date(2026, 7, 20)  # a Monday
SUMMER = Absence(date(2026, 8, 3), date(2026, 8, 14))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("3. bis 17. August", "2026-08-03", "2026-08-17"),
        ("vom 3. August bis zum 17. August 2026", "2026-08-03", "2026-08-17"),
        ("3.8. bis 17.8.", "2026-08-03", "2026-08-17"),
        ("3.8.-17.8", "2026-08-03", "2026-08-17"),
        ("03.08.2026 – 17.08.2026", "2026-08-03", "2026-08-17"),
        ("2026-08-03..2026-08-17", "2026-08-03", "2026-08-17"),
        ("30. Juli bis 3. Aug.", "2026-07-30", "2026-08-03"),
        ("24. Dezember bis 2. Januar", "2026-12-24", "2027-01-02"),
        ("2. bis 5. März", "2027-03-02", "2027-03-05"),
        ("15. bis 24. Juli", "2026-07-15", "2026-07-24"),
        ("bis 31. Juli", "2026-07-20", "2026-07-31"),
        ("21. Juli", "2026-07-21", "2026-07-21"),
        ("morgen", "2026-07-21", "2026-07-21"),
        ("Heute.", "2026-07-20", "2026-07-20"),
    ],
)
def test_periods_as_advisers_write_them(text: str, first: str, last: str) -> None:
    """A period is understood in the ways German has for it; without a year it is the next one."""
    assert parse_absence(text, TODAY) == Absence(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "text",
    ["", ".", "bald", "3. bis 17.", "31. Februar", "17. bis 3. August 2026", "1.1.2026", "3. bis 99. August", "0.0.",
     "2026-08-03..2028-01-01"],
)  # fmt: skip
def test_what_is_no_period(text: str) -> None:
    """What is no period, is over, or lasts for more than a year is refused."""
    assert parse_absence(text, TODAY) is None


def test_setting() -> None:
    """The setting is a list of days and periods in order; anything else is refused with an example."""
    assert read_absences("2026-12-24, 2026-08-03..2026-08-14,") == (
        SUMMER,
        Absence(date(2026, 12, 24), date(2026, 12, 24)),
    )
    for wrong in ("August", "2026-08-14..2026-08-03", "2026-02-30", "2026-08-03..x"):
        with pytest.raises(ValueError, match=r"write 2026-08-03\.\.2026-08-17"):
            read_absences(wrong)


@pytest.mark.parametrize(
    ("now", "deadline", "absence", "back"),
    [
        ("2026-07-30 10:00", "2026-07-31 17:00", None, ""),
        ("2026-07-31 10:00", "2026-08-17 17:00", SUMMER, "2026-08-17"),  # a Friday: nobody works before the absence
        ("2026-08-05 10:00", "2026-08-18 17:00", SUMMER, "2026-08-17"),
        ("2026-08-14 18:00", "2026-08-18 17:00", SUMMER, "2026-08-17"),
        ("2026-08-15 10:00", "2026-08-18 17:00", None, ""),
    ],
)
def test_working_days_skip_absences(now: str, deadline: str, absence: Absence | None, back: str) -> None:
    """Days of an absence are no working days; a message that waits for its end is recognised."""
    moment = datetime.fromisoformat(now).replace(tzinfo=TIME_ZONE).timestamp()

    assert to_local_time(answer_deadline(moment, 1, (SUMMER,))).strftime("%Y-%m-%d %H:%M") == deadline
    assert find_absence(moment, (SUMMER,)) == absence
    if absence:
        assert to_local_time(return_day(absence, (SUMMER,))).strftime("%Y-%m-%d") == back


def test_absences_that_follow_each_other() -> None:
    """Who is away again the day after is back after that."""
    next_one = Absence(date(2026, 8, 15), date(2026, 8, 19))
    moment = datetime(2026, 8, 5, 10, tzinfo=TIME_ZONE).timestamp()

    assert to_local_time(return_day(SUMMER, (next_one, SUMMER))).date() == date(2026, 8, 20)
    assert to_local_time(next_opening(moment, (next_one, SUMMER))).date() == date(2026, 8, 20)
