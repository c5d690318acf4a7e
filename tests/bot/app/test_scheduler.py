"""What happens as time passes, and what a wrong clock must not cause."""

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
from bot.store import SqliteDatabase, Store
from bot.store.records import SENDING_DUTY
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
    """The conversation of a bot with an advisers' chat."""
    store = empty_store(tmp_path / "bot.db", clock)
    yield make_dialogue(BotRuntime(settings.model_copy(update={"adviser_chat_id": -5}), live, store, clock))
    store.close()


class Machine:
    """The bot's clock, a timer that runs along with it, and the scheduler."""

    def __init__(self, parts: Dialogue, clock: Clock) -> None:
        self._parts, self.clock, self._timer = parts, clock, Clock(50.0)

    def passes(self, seconds: float) -> None:
        """So much time goes by."""
        self.clock.now += seconds
        self._timer.now += seconds

    async def runs(self, *between: Callable[[asyncio.Event], object]) -> None:
        """Run the scheduler; between two checks a minute passes and one of these happens."""
        happens = iter((*between, None))

        async def rest(nudge: asyncio.Event, seconds: float) -> None:
            assert seconds == CHECK_INTERVAL
            self.passes(seconds)
            if (happened := next(happens)) is None:
                raise asyncio.CancelledError
            happened(nudge)

        watching = asyncio.create_task(run_scheduler(self._parts, lambda: None, asyncio.Event(), self._timer, rest))
        await asyncio.gather(watching, return_exceptions=True)

    def later(self, seconds: float) -> Callable[[asyncio.Event], None]:
        """So much time goes by."""
        return lambda nudge: self.passes(seconds)

    def put(self, seconds: float) -> Callable[[asyncio.Event], None]:
        """Let the clock jump forward or back."""

        def happens(nudge: asyncio.Event) -> None:
            self.clock.now += seconds

        return happens

    def put_on_purpose(self, seconds: float) -> Callable[[asyncio.Event], None]:
        """Set the clock on purpose, and say so."""

        def happens(nudge: asyncio.Event) -> None:
            self.clock.now += seconds
            nudge.set()

        return happens


@pytest.fixture
def machine(dialogue: Dialogue, clock: Clock) -> Machine:
    return Machine(dialogue, clock)


def closed(dialogue: Dialogue, clock: Clock, reference: str, days: float = 0.0) -> None:
    """Create a request that was closed some days ago."""
    then = clock() - days * DAY
    dialogue.store.apply(
        (), [CreateRequest(replace(request(reference, status=RequestStatus.CLOSED, closed=then), created=then))]
    )


def kept(dialogue: Dialogue) -> list[str]:
    return [one.reference for one in dialogue.store.requests.all_requests()]


def said(dialogue: Dialogue, clock: Clock) -> list[str]:
    """Return the requests about which something is queued."""
    return references(dialogue.store.outbox.due_calls(clock()))


def test_one_request_does_not_hold_up_the_others(dialogue: Dialogue, clock: Clock) -> None:
    """If one request cannot be processed, the others still get their reminder, and only once."""
    unknown = replace(request("AAAA-AAAA"), lang="of no language we know", promised=5.0)
    dialogue.store.apply((), [CreateRequest(unknown), CreateRequest(request("BBBB-BBBB"))])

    done = [process_due_requests(dialogue), process_due_requests(dialogue)]

    assert done == [1, 0]
    assert said(dialogue, clock) == ["BBBB-BBBB"]


@pytest.mark.parametrize("ahead", [HOUR, DAY, 100 * DAY, YEAR])
async def test_clock_that_is_wrong_at_the_start(
    machine: Machine, dialogue: Dialogue, clock: Clock, ahead: float
) -> None:
    """While the clock is ahead in the first minutes, nothing is deleted and nobody is reminded; nor is that once the
    clock is right again, or if the bot is restarted meanwhile."""
    closed(dialogue, clock, "OLD", 180 - HOUR / 2 / DAY)
    waiting = request("NEW", turn=Party.REQUESTER, since=clock(), remind_at=clock() + HOUR / 2)
    dialogue.store.apply((), [CreateRequest(replace(waiting, created=clock()))])

    clock.now += ahead
    await machine.runs(machine.later(CHECK_INTERVAL))
    await machine.runs(machine.later(CHECK_INTERVAL), machine.put(-ahead), machine.later(SETTLING_TIME))

    assert kept(dialogue) == ["OLD", "NEW"]
    assert said(dialogue, clock) == []


async def test_clock_that_stays_impossible(
    machine: Machine, dialogue: Dialogue, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """While the clock says that all data is too old nothing is deleted, however long that lasts; it is logged."""
    closed(dialogue, clock, "C")
    clock.now += YEAR

    await machine.runs(machine.later(SETTLING_TIME), machine.later(2 * DAY))

    assert kept(dialogue) == ["C"]
    assert ["check it" in one for one in caplog.messages] == [True, True]


async def test_time_deletes_by_itself(machine: Machine, dialogue: Dialogue, clock: Clock) -> None:
    """Old data is deleted once the bot has run for ten minutes, and then once a day."""
    closed(dialogue, clock, "OLD", 200)
    closed(dialogue, clock, "NEW")
    await machine.runs()
    found = [kept(dialogue)]
    await machine.runs(
        machine.later(SETTLING_TIME - CHECK_INTERVAL),
        lambda _: found.append(kept(dialogue)),
        lambda _: closed(dialogue, clock, "OLDER", 201),
        machine.later(HOUR),
        lambda _: found.append(kept(dialogue)),
        machine.later(DAY),
        lambda _: found.append(kept(dialogue)),
    )

    assert found == [["OLD", "NEW"], ["NEW"], ["OLDER", "NEW"], ["NEW"]]


async def test_clock_that_was_believed_puts_no_deletion_off(
    machine: Machine, dialogue: Dialogue, clock: Clock
) -> None:
    """After a clock that was ahead for long enough to be trusted, old data is deleted once the clock is right."""
    closed(dialogue, clock, "NEW")
    await machine.runs(
        machine.put(100 * DAY),
        machine.later(SETTLING_TIME),
        machine.put(-100 * DAY),
        lambda _: closed(dialogue, clock, "OLD", 200),
        machine.later(SETTLING_TIME),
        machine.later(CHECK_INTERVAL),
    )

    assert kept(dialogue) == ["NEW"]


async def test_clock_that_is_set_on_purpose(machine: Machine, dialogue: Dialogue, clock: Clock) -> None:
    """A clock that was set forward on purpose deletes old data at once, even if that is all data."""
    closed(dialogue, clock, "OLD")
    found = list[list[str]]()
    await machine.runs(machine.put_on_purpose(YEAR), lambda _: found.append(kept(dialogue)))

    assert found == [[]]


class Slow(SqliteDatabase):
    """A database that takes a year, by the clock, to acquire the leadership."""

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        assert isinstance(self.clock, Clock)
        self.clock.now += YEAR
        return super().try_acquire_leadership(duty)


async def test_clock_that_jumps_while_something_is_done(dialogue: Dialogue, clock: Clock, tmp_path: Path) -> None:
    """A check uses the time that was trusted at its start, whatever the clock says by then."""
    store = Store(Slow(tmp_path / "slow.db", clock))
    slow = replace(dialogue, store=store)
    closed(slow, clock, "NEW")
    machine = Machine(slow, clock)

    await machine.runs(machine.later(SETTLING_TIME), machine.later(CHECK_INTERVAL))
    found = kept(slow)
    store.close()

    assert found == ["NEW"]
    assert clock() > 1_800_000_000 + YEAR
