"""What the scheduler does as time passes, and what a wrong clock must not cause."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.bootstrap import BotRuntime, make_dialogue
from bot.app.clock_guard import SETTLING_TIME
from bot.app.scheduler import CHECK_INTERVAL, process_due_requests, run_scheduler
from bot.domain.calendar import DAY
from bot.domain.consultation import Party, RequestStatus
from bot.domain.effects import CreateRequest
from bot.flows.dialogue import Dialogue
from bot.settings import Settings
from bot.store import Store
from bot.store.records import SENDING_DUTY
from bot.store.sqlite.database import SqliteDatabase
from index.search.live_index import LiveIndex
from tests.bot.store.test_store import request
from tests.conftest import Clock
from tests.support.queues import references
from tests.support.stores import empty_store

HOUR, YEAR = 3_600.0, 365 * DAY


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dialogue(settings: Settings, live: LiveIndex, tmp_path: Path, clock: Clock) -> Iterator[Dialogue]:
    """The dialogue of a bot with an adviser chat."""
    store = empty_store(tmp_path / "bot.db", clock)
    yield make_dialogue(BotRuntime(settings.model_copy(update={"adviser_chat_id": -5}), live, store, clock))
    store.close()


class SchedulerHarness:
    """The bot's clock, a timer that runs along with it, and the scheduler."""

    def __init__(self, services: Dialogue, clock: Clock) -> None:
        self._services, self.clock, self._timer = services, clock, Clock(50.0)

    def advance(self, seconds: float) -> None:
        """Advance the clock and the timer by the same time."""
        self.clock.now += seconds
        self._timer.now += seconds

    async def run(self, *between: Callable[[asyncio.Event], object]) -> None:
        """Run the scheduler; between two checks a minute passes and the next of these actions is run."""
        actions = iter((*between, None))

        async def sleep(wake_scheduler: asyncio.Event, seconds: float) -> None:
            assert seconds == CHECK_INTERVAL
            self.advance(seconds)
            if (action := next(actions)) is None:
                raise asyncio.CancelledError
            action(wake_scheduler)

        task = asyncio.create_task(run_scheduler(self._services, lambda: None, asyncio.Event(), self._timer, sleep))
        await asyncio.gather(task, return_exceptions=True)

    def let_pass(self, seconds: float) -> Callable[[asyncio.Event], None]:
        """Return an action that lets time pass."""
        return lambda wake_scheduler: self.advance(seconds)

    def jump(self, seconds: float) -> Callable[[asyncio.Event], None]:
        """Return an action that makes the clock jump forward or back."""

        def action(wake_scheduler: asyncio.Event) -> None:
            self.clock.now += seconds

        return action

    def set_clock(self, seconds: float) -> Callable[[asyncio.Event], None]:
        """Return an action that sets the clock on purpose and tells the scheduler so."""

        def action(wake_scheduler: asyncio.Event) -> None:
            self.clock.now += seconds
            wake_scheduler.set()

        return action


@pytest.fixture
def harness(dialogue: Dialogue, clock: Clock) -> SchedulerHarness:
    return SchedulerHarness(dialogue, clock)


def add_closed_request(dialogue: Dialogue, clock: Clock, reference: str, days: float = 0.0) -> None:
    """Store a request that was closed this many days ago."""
    closed = clock() - days * DAY
    dialogue.store.apply(
        (), [CreateRequest(replace(request(reference, status=RequestStatus.CLOSED, closed=closed), created=closed))]
    )


def stored_references(dialogue: Dialogue) -> list[str]:
    return [stored.reference for stored in dialogue.store.requests.all_requests()]


def queued_references(dialogue: Dialogue, clock: Clock) -> list[str]:
    """Return the references of the requests for which a call is queued; the greeting of the desk has none."""
    return [reference for reference in references(dialogue.store.outbox.due_calls(clock())) if reference]


def test_failing_request_does_not_hold_up_the_others(dialogue: Dialogue, clock: Clock) -> None:
    """If one request cannot be processed, reminders for the others are still sent, once each."""
    unknown = replace(request("AAAA-AAAA"), lang="unknown language", promised=5.0)
    dialogue.store.apply((), [CreateRequest(unknown), CreateRequest(request("BBBB-BBBB"))])

    done = [process_due_requests(dialogue), process_due_requests(dialogue)]

    assert done == [1, 0]
    assert queued_references(dialogue, clock) == ["BBBB-BBBB"]


@pytest.mark.parametrize("ahead", [HOUR, DAY, 100 * DAY, YEAR])
async def test_clock_ahead_at_the_start_has_no_effect(
    harness: SchedulerHarness, dialogue: Dialogue, clock: Clock, ahead: float
) -> None:
    """A clock that is ahead at the start deletes nothing and sends no reminders, neither before nor after it is
    corrected, even across a restart."""
    add_closed_request(dialogue, clock, "OLD", 180 - HOUR / 2 / DAY)
    waiting = request("NEW", turn=Party.REQUESTER, since=clock(), remind_at=clock() + HOUR / 2)
    dialogue.store.apply((), [CreateRequest(replace(waiting, created=clock()))])

    clock.now += ahead
    await harness.run(harness.let_pass(CHECK_INTERVAL))
    await harness.run(harness.let_pass(CHECK_INTERVAL), harness.jump(-ahead), harness.let_pass(SETTLING_TIME))

    assert stored_references(dialogue) == ["OLD", "NEW"]
    assert queued_references(dialogue, clock) == []


async def test_implausible_clock_deletes_nothing(
    harness: SchedulerHarness, dialogue: Dialogue, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """While all data is too old by the clock, nothing is deleted, however long that lasts, and an error is logged."""
    add_closed_request(dialogue, clock, "C")
    clock.now += YEAR

    await harness.run(harness.let_pass(SETTLING_TIME), harness.let_pass(2 * DAY))

    assert stored_references(dialogue) == ["C"]
    assert ["check it" in message for message in caplog.messages] == [True, True]


async def test_old_data_is_deleted_once_a_day(harness: SchedulerHarness, dialogue: Dialogue, clock: Clock) -> None:
    """Old data is deleted once the bot has run for ten minutes, and then once a day."""
    add_closed_request(dialogue, clock, "OLD", 200)
    add_closed_request(dialogue, clock, "NEW")
    await harness.run()
    stored = [stored_references(dialogue)]
    await harness.run(
        harness.let_pass(SETTLING_TIME - CHECK_INTERVAL),
        lambda _: stored.append(stored_references(dialogue)),
        lambda _: add_closed_request(dialogue, clock, "OLDER", 201),
        harness.let_pass(HOUR),
        lambda _: stored.append(stored_references(dialogue)),
        harness.let_pass(DAY),
        lambda _: stored.append(stored_references(dialogue)),
    )

    assert stored == [["OLD", "NEW"], ["NEW"], ["OLDER", "NEW"], ["NEW"]]


async def test_corrected_clock_does_not_delay_deletion(
    harness: SchedulerHarness, dialogue: Dialogue, clock: Clock
) -> None:
    """If the clock was ahead for so long that it was trusted, old data is still deleted once it is corrected."""
    add_closed_request(dialogue, clock, "NEW")
    await harness.run(
        harness.jump(100 * DAY),
        harness.let_pass(SETTLING_TIME),
        harness.jump(-100 * DAY),
        lambda _: add_closed_request(dialogue, clock, "OLD", 200),
        harness.let_pass(SETTLING_TIME),
        harness.let_pass(CHECK_INTERVAL),
    )

    assert stored_references(dialogue) == ["NEW"]


async def test_clock_set_on_purpose_deletes_at_once(
    harness: SchedulerHarness, dialogue: Dialogue, clock: Clock
) -> None:
    """If the clock is set forward on purpose, old data is deleted at once, even if that is all there is."""
    add_closed_request(dialogue, clock, "OLD")
    stored = list[list[str]]()
    await harness.run(harness.set_clock(YEAR), lambda _: stored.append(stored_references(dialogue)))

    assert stored == [[]]


class SlowDatabase(SqliteDatabase):
    """A database in which acquiring leadership takes a year by the clock."""

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        assert isinstance(self.clock, Clock)
        self.clock.now += YEAR
        return super().try_acquire_leadership(duty)


async def test_clock_that_jumps_during_a_check(dialogue: Dialogue, clock: Clock, tmp_path: Path) -> None:
    """A check uses the time that was trusted when it started, even if the clock jumps during the check."""
    store = Store(SlowDatabase(tmp_path / "slow.db", clock))
    slow = replace(dialogue, store=store)
    add_closed_request(slow, clock, "NEW")
    harness = SchedulerHarness(slow, clock)

    await harness.run(harness.let_pass(SETTLING_TIME), harness.let_pass(CHECK_INTERVAL))
    stored = stored_references(slow)
    store.close()

    assert stored == ["NEW"]
    assert clock() > 1_800_000_000 + YEAR
