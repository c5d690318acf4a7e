"""A system clock that is wrong when the bot starts and is corrected while it runs or before it restarts."""

import time
from dataclasses import replace

import pytest

from bot.app.bootstrap import open_store_from_settings
from bot.domain.consultation import RequestStatus
from bot.domain.effects import CreateRequest
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS
from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from bot.settings import Settings
from bot.store.records import AdviserThread
from bot.store.sql.outgoing_calls import ERASE_THREAD
from index.search.live_index import LiveIndex
from tests.bot.store.test_personal_data import EVENT, EVERYTHING, REFERENCE, REQUEST, STATE, apply_update
from tests.conftest import Clock
from tests.end_to_end.conftest import running
from tests.support.tables import tables

DAY = 86_400.0


class ClockAhead:
    """A clock that is ahead of the real time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return time.time() + self.seconds


async def test_clock_that_is_wrong_at_start_deletes_nothing(
    fake_telegram: FakeTelegram, ada: User, forum: Group, bot_settings: Settings, live: LiveIndex,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A bot that starts with a clock a year ahead answers people and deletes nothing."""
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(forum.id))
    store = open_store_from_settings(bot_settings)
    closed = replace(REQUEST, status=RequestStatus.CLOSED, created=time.time(), closed=time.time())
    apply_update(store, EVENT, CreateRequest(closed), *EVERYTHING[1:], state=STATE)
    store.requests.save_thread(REFERENCE, AdviserThread(forum.id, 40, 41))
    before = tables(store)
    clock = ClockAhead(365 * DAY)

    async with running(Settings(), live, clock=clock, trust_clock=False):
        ada.send_text("/start")
        await ada.wait_for_reply()
        clock.seconds = 0.0

    after = tables(store)
    store.close()
    assert {name: [row for row in rows if row not in after[name]] for name, rows in before.items() if rows} == {
        name: [] for name, rows in before.items() if rows
    }
    assert {"requests", "states", "checks", "feedback", "questions", "threads"} <= {
        name for name, rows in before.items() if rows
    }
    assert [row for row in after["outbox"] if row["method"] == ERASE_THREAD] == []


async def test_corrected_clock_delays_no_answer(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """A bot that started with its clock an hour ahead answers at once when the clock is corrected."""
    clock = ClockAhead(3_600.0)

    async with running(bot_settings, live, clock=clock, limits=TELEGRAM_LIMITS, trust_clock=False):
        await fake_telegram.wait_for(lambda: fake_telegram.calls_to("getMe"))
        clock.seconds = 0.0
        ada.send_text("/start")

        assert await ada.wait_for_reply()


async def test_rate_limits_from_a_wrong_clock_delay_nobody(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """Rate limits noted while the clock was a month ahead delay nobody after a restart with the right time."""
    people, other = (ada, bea, cem), fake_telegram.add_user("Dora", started=True)
    clock = Clock(time.time() + 30 * DAY)
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 3, retry_after=0)
    async with running(bot_settings, live, clock=clock, limits=TELEGRAM_LIMITS, trust_clock=False):
        await fake_telegram.wait_for(lambda: fake_telegram.calls_to("getMe"))
        clock.now += 5
        for person in people:
            person.send_text("/start")
        await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("sendMessage")) == len(people))
    store = open_store_from_settings(bot_settings, clock)
    rate_limited = set(store.outbox.rate_limits())
    store.close()

    async with running(bot_settings, live, limits=TELEGRAM_LIMITS, trust_clock=False):
        other.send_text("/start")
        await fake_telegram.wait_for(lambda: all(person.bot_messages() for person in (*people, other)))

    assert rate_limited == {0, *(person.id for person in people)}
