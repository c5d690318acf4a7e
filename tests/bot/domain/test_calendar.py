"""Working days, public holidays and opening hours of the advisers."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import pytest

from bot.domain.calendar import answer_deadline, is_working_day, next_opening
from prompts.dates import TIME_ZONE, to_local_time

pytestmark = pytest.mark.durability


def test_next_opening_is_on_a_working_day() -> None:
    """On Friday evening, the next opening is on Monday at nine."""
    friday = datetime(2026, 11, 27, 20, 15, tzinfo=TIME_ZONE).timestamp()

    assert to_local_time(next_opening(friday)) == datetime(2026, 11, 30, 9, tzinfo=TIME_ZONE)


@pytest.mark.parametrize(
    ("now", "days", "then"),
    [
        ("2026-11-23 09:00", 2, "2026-11-25 17:00"),  # Monday
        ("2026-11-27 16:00", 1, "2026-11-30 17:00"),  # over a weekend
        ("2026-11-27 18:00", 1, "2026-12-01 17:00"),  # after closing time it counts from the next working day
        ("2026-11-28 12:00", 1, "2026-12-01 17:00"),  # Saturday
        ("2026-12-23 09:00", 2, "2026-12-28 17:00"),  # Christmas on Friday and Saturday
        ("2027-03-05 09:00", 1, "2027-03-09 17:00"),  # Women's Day is a holiday in Berlin
        ("2026-10-23 09:00", 1, "2026-10-26 17:00"),  # daylight saving time ends in between
    ],
)
def test_answer_deadline_counts_working_days(now: str, days: int, then: str) -> None:
    """Weekends and Berlin's public holidays do not count as working days."""
    moment = datetime.fromisoformat(now).replace(tzinfo=TIME_ZONE).timestamp()

    assert to_local_time(answer_deadline(moment, days)).strftime("%Y-%m-%d %H:%M") == then


def test_holidays_are_thread_safe() -> None:
    """New Year's Day is a holiday even if several threads ask for the first time at once."""
    days = [date(year, 1, 1) for year in range(2040, 2101) if date(year, 1, 1).weekday() < 5]
    barrier = threading.Barrier(8)

    def finds_working_day(_: int) -> bool:
        barrier.wait(10)
        return sum(map(is_working_day, days)) > 0

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(finds_working_day, range(8)))
    finally:
        sys.setswitchinterval(before)

    assert not any(results)
