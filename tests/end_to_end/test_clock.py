"""A machine's clock that is wrong when the bot starts, and is put right while it runs or before it starts anew."""

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


class Ahead:
    """The time, by a clock that is so many seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return time.time() + self.seconds


async def test_nothing_is_deleted_by_a_clock_that_was_wrong_at_the_start(
    fake_telegram: FakeTelegram, ada: User, forum: Group, bot_settings: Settings, live: LiveIndex,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Somebody is answered while the clock is a year ahead, and everything is still there when it is right."""
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(forum.id))
    store = open_store_from_settings(bot_settings)
    closed = replace(REQUEST, status=RequestStatus.CLOSED, created=time.time(), closed=time.time())
    apply_update(store, EVENT, CreateRequest(closed), *EVERYTHING[1:], state=STATE)
    store.requests.save_thread(REFERENCE, AdviserThread(forum.id, 40, 41))
    before = tables(store)
    clock = Ahead(365 * DAY)

    async with running(Settings(), live, clock=clock, on_purpose=False):
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


async def test_clock_that_is_put_back_mutes_nobody(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """A bot that started while the clock was an hour ahead answers at once when it is right."""
    clock = Ahead(3_600.0)

    async with running(bot_settings, live, clock=clock, limits=TELEGRAM_LIMITS, on_purpose=False):
        await fake_telegram.wait_for(lambda: fake_telegram.calls_to("getMe"))
        clock.seconds = 0.0
        ada.send_text("/start")

        assert await ada.wait_for_reply()


async def test_refusals_while_the_clock_was_ahead_hold_nobody(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """Three people to whom Telegram took nothing while the clock was a month ahead, and so nobody, are answered by a
    bot that is started with the right one, and so is somebody else."""
    people, other = (ada, bea, cem), fake_telegram.add_user("Dora", started=True)
    clock = Clock(time.time() + 30 * DAY)
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 3, retry_after=0)
    async with running(bot_settings, live, clock=clock, limits=TELEGRAM_LIMITS, on_purpose=False):
        await fake_telegram.wait_for(lambda: fake_telegram.calls_to("getMe"))
        clock.now += 5
        for person in people:
            person.send_text("/start")
        await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("sendMessage")) == len(people))
    store = open_store_from_settings(bot_settings, clock)
    noted = set(store.outbox.rate_limits())
    store.close()

    async with running(bot_settings, live, limits=TELEGRAM_LIMITS, on_purpose=False):
        other.send_text("/start")
        await fake_telegram.wait_for(lambda: all(person.bot_messages() for person in (*people, other)))

    assert noted == {0, *(person.id for person in people)}
