"""Several processes with one store in PostgreSQL: one of them sends."""

import asyncio
import secrets
from collections.abc import Callable

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.pipeline.outbox import HANDOVER_WAIT, Outbox
from bot.pipeline.rate_limiter import NO_LIMITS, RateLimiter
from bot.pipeline.retry import STANDBY_WAIT
from bot.store import Store
from bot.store.postgres.database import RELISTEN_DELAY, PostgresDatabase
from bot.store.records import POLLING_DUTY
from tests.bot.conftest import Stores
from tests.conftest import Clock
from tests.support.queues import Counterpart, at_once, ended, queue, text

pytestmark = pytest.mark.durability

LOCKING = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
LISTENING = "query LIKE 'LISTEN%'"


def test_one_leads(process: Stores, kill: Callable[[str], None]) -> None:
    """One process leads; another takes over if its connection is lost, or when it ends."""
    one, two = process(), process()

    assert (
        one.database.try_acquire_leadership(),
        two.database.try_acquire_leadership(),
        one.database.try_acquire_leadership(),
    ) == (1, 0, 1)
    kill(LOCKING)
    assert two.database.try_acquire_leadership() == 1
    with pytest.raises(StoreUnavailable):
        one.database.try_acquire_leadership()
    assert one.database.try_acquire_leadership() == 0
    two.close()
    assert one.database.try_acquire_leadership() == 2


def test_polling_is_led_for_itself(process: Stores, kill: Callable[[str], None]) -> None:
    """One process may send while another polls; a lost connection frees either duty."""
    one, two = process(), process()

    assert (
        one.database.try_acquire_leadership(),
        two.database.try_acquire_leadership(POLLING_DUTY),
        two.database.try_acquire_leadership(),
        one.database.try_acquire_leadership(POLLING_DUTY),
    ) == (1, 1, 0, 0)
    two.close()
    assert (one.database.try_acquire_leadership(POLLING_DUTY), one.database.try_acquire_leadership()) == (1, 1)
    kill(LOCKING)
    three = process()
    assert (three.database.try_acquire_leadership(), three.database.try_acquire_leadership(POLLING_DUTY)) == (1, 1)
    with pytest.raises(StoreUnavailable):
        one.database.try_acquire_leadership(POLLING_DUTY)
    assert (one.database.try_acquire_leadership(POLLING_DUTY), one.database.try_acquire_leadership()) == (0, 0)
    three.close()
    assert (one.database.try_acquire_leadership(POLLING_DUTY), one.database.try_acquire_leadership()) == (2, 2)


async def test_sending_passes_on(process: Stores, kill: Callable[[str], None], clock: Clock) -> None:
    """A process that does not lead sends nothing; when the leader is lost it takes over, with the pace that was
    written down, after the time that the other one's last calls need."""
    one, two = process(), process()
    first, second = Counterpart(), Counterpart()
    leading = asyncio.create_task(Outbox(one, first, clock, sleep=at_once).run())
    queue(one, text(10, "a"))
    await first.until(lambda: len(first.taken) == 1)
    waits: list[float] = []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            await ended(leading)
            one.outbox.save_rate_limits({11: clock() + 100})
            one.apply([text(10, "b")], ())
            kill(LOCKING)
        if seconds == HANDOVER_WAIT:
            assert second.taken == []
            clock.now += HANDOVER_WAIT
        elif seconds != STANDBY_WAIT:
            await woken.wait()

    pace = RateLimiter(NO_LIMITS)
    standing_by = asyncio.create_task(Outbox(two, second, clock, limiter=pace, sleep=rest).run())
    await second.until(lambda: len(second.taken) == 1)
    await ended(standing_by)

    assert (first.taken, second.taken) == ([(10, "a")], [(10, "b")])
    assert waits[:3] == [STANDBY_WAIT, STANDBY_WAIT, HANDOVER_WAIT]
    assert pace.retry_after(11, clock()) == 100 - HANDOVER_WAIT


async def test_leader_that_was_replaced_stops(
    process: Stores, kill: Callable[[str], None], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A leader that loses its connection sends nothing once another process leads."""
    caplog.set_level("INFO")
    one, two = process(), process()
    counterpart = Counterpart()
    waits: list[float] = []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            kill(LOCKING)
            assert two.database.try_acquire_leadership() == 1
            one.apply([text(10, "a")], ())
        if len(waits) == 4:
            await asyncio.Event().wait()
        if seconds == STANDBY_WAIT:
            over.set()

    over = asyncio.Event()
    sending = asyncio.create_task(Outbox(one, counterpart, clock, sleep=rest).run())
    await asyncio.wait_for(over.wait(), 10)
    await ended(sending)

    assert counterpart.taken == []
    assert waits[:3] == [30.0, 1.0, STANDBY_WAIT]
    assert "another process sends, this one stands by" in caplog.messages


async def test_what_others_queue_is_heard(
    process: Stores, kill: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """A process is notified of calls queued by others at once, even after a lost connection, but not of its own."""
    one, two = process(), process()
    assert isinstance(one.database, PostgresDatabase)
    heard: asyncio.Queue[int] = asyncio.Queue()
    again = asyncio.Event()
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        again.set()

    listening = asyncio.create_task(one.database.listen_for_calls(lambda: heard.put_nowait(0), pause))
    await asyncio.wait_for(heard.get(), 10)  # it listens
    one.apply([text(10, "own")], ())
    two.apply([text(10, "a")], ())
    await asyncio.wait_for(heard.get(), 10)
    quiet = heard.empty()
    await asyncio.to_thread(kill, LISTENING)
    await asyncio.wait_for(again.wait(), 10)
    await asyncio.wait_for(heard.get(), 10)  # it listens again
    two.apply([text(10, "b")], ())
    await asyncio.wait_for(heard.get(), 10)
    await ended(listening)

    assert quiet
    assert waits == [RELISTEN_DELAY]
    (said,) = caplog.messages  # in which of the two ways the end of a connection shows is chance
    said, _, kind = said.rpartition(": ")
    assert said == "not notified of calls that other processes queue, for now"
    assert kind in ("AdminShutdown", "OperationalError")


async def test_other_bots_are_not_heard(process: Stores, fresh_url: str, clock: Clock) -> None:
    """Calls queued by another tenant of the same database wake nobody."""
    one = process()
    other = Store(PostgresDatabase(fresh_url, clock, secrets.token_hex(4)))
    heard: asyncio.Queue[int] = asyncio.Queue()

    listening = asyncio.create_task(one.database.listen_for_calls(lambda: heard.put_nowait(0)))
    await asyncio.wait_for(heard.get(), 10)
    other.apply([text(10, "a")], ())
    process().apply([text(10, "b")], ())
    await asyncio.wait_for(heard.get(), 10)
    await ended(listening)
    leads = [one.database.try_acquire_leadership(), other.database.try_acquire_leadership()]
    other.close()

    assert heard.empty()
    assert leads == [1, 1]


def test_store_in_use_is_not_emptied(process: Stores) -> None:
    """All rows of a tenant are deleted by one call, but not while another process works for it."""
    one, two = process(), process()
    queue(one, text(10, "a"))
    one.database.try_acquire_leadership()

    with pytest.raises(StoreError, match=r"Stop it first; nothing was changed"):
        two.delete_all_rows()
    assert one.outbox.count_queued_calls() == 1
    one.close()

    polling = process()
    polling.database.try_acquire_leadership(POLLING_DUTY)
    with pytest.raises(StoreError, match=r"Stop it first; nothing was changed"):
        two.delete_all_rows()
    assert two.outbox.count_queued_calls() == 1
    polling.close()

    assert two.delete_all_rows() > 0
    assert two.outbox.count_queued_calls() == 0
