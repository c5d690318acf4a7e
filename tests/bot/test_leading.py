"""Several processes with one store in PostgreSQL: one of them sends."""

import asyncio
import secrets
from collections.abc import Callable

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.pipeline.outbox import HANDOVER, Outbox
from bot.pipeline.rate_limiter import UNLIMITED, Pace
from bot.pipeline.retry import STANDBY
from bot.store.postgres.store import LISTEN_AGAIN, PostgresStore
from bot.store.protocol import POLLING
from bot.store.sql.emptying import empty
from tests.bot.conftest import Stores
from tests.bot.queues import Counterpart, at_once, ended, queue, text
from tests.conftest import Clock

LOCKING = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
LISTENING = "query LIKE 'LISTEN%'"


def test_one_leads(process: Stores, kill: Callable[[str], None]) -> None:
    """One process leads; another does when its connection is lost, or when it ends."""
    one, two = process(), process()

    assert (one.lead(), two.lead(), one.lead()) == (1, 0, 1)
    kill(LOCKING)
    assert two.lead() == 1
    with pytest.raises(StoreUnavailable):
        one.lead()
    assert one.lead() == 0
    two.close()
    assert one.lead() == 2


def test_polling_is_led_for_itself(process: Stores, kill: Callable[[str], None]) -> None:
    """A process may send while another one polls; each of the two passes on with the connection that is lost."""
    one, two = process(), process()

    assert (one.lead(), two.lead(POLLING), two.lead(), one.lead(POLLING)) == (1, 1, 0, 0)
    two.close()
    assert (one.lead(POLLING), one.lead()) == (1, 1)
    kill(LOCKING)
    three = process()
    assert (three.lead(), three.lead(POLLING)) == (1, 1)
    with pytest.raises(StoreUnavailable):
        one.lead(POLLING)
    assert (one.lead(POLLING), one.lead()) == (0, 0)
    three.close()
    assert (one.lead(POLLING), one.lead()) == (2, 2)


async def test_sending_passes_on(process: Stores, kill: Callable[[str], None], clock: Clock) -> None:
    """A process that does not lead sends nothing; when the leader is lost it takes over, with the pace that was
    written down, after the time that the other one's last calls need."""
    one, two = process(), process()
    first, second = Counterpart(), Counterpart()
    leading = asyncio.create_task(Outbox(one, first, clock, rest=at_once).run())
    queue(one, text(10, "a"))
    await first.until(lambda: len(first.taken) == 1)
    waits: list[float] = []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            await ended(leading)
            one.hold({11: clock() + 100})
            one.act([text(10, "b")], ())
            kill(LOCKING)
        if seconds == HANDOVER:
            assert second.taken == []
            clock.now += HANDOVER
        elif seconds != STANDBY:
            await woken.wait()

    pace = Pace(UNLIMITED)
    standing_by = asyncio.create_task(Outbox(two, second, clock, pace=pace, rest=rest).run())
    await second.until(lambda: len(second.taken) == 1)
    await ended(standing_by)

    assert (first.taken, second.taken) == ([(10, "a")], [(10, "b")])
    assert waits[:3] == [STANDBY, STANDBY, HANDOVER]
    assert pace.held(11, clock()) == 100 - HANDOVER


async def test_leader_that_was_replaced_stops(
    process: Stores, kill: Callable[[str], None], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A leader that loses its connection sends nothing more once another process leads."""
    caplog.set_level("INFO")
    one, two = process(), process()
    counterpart = Counterpart()
    waits: list[float] = []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            kill(LOCKING)
            assert two.lead() == 1
            one.act([text(10, "a")], ())
        if len(waits) == 4:
            await asyncio.Event().wait()
        if seconds == STANDBY:
            over.set()

    over = asyncio.Event()
    sending = asyncio.create_task(Outbox(one, counterpart, clock, rest=rest).run())
    await asyncio.wait_for(over.wait(), 10)
    await ended(sending)

    assert counterpart.taken == []
    assert waits[:3] == [30.0, 1.0, STANDBY]
    assert "another process sends, this one stands by" in caplog.messages


async def test_what_others_queue_is_heard(
    process: Stores, kill: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """What another process queues is heard at once, also after the connection was lost; what is one's own is not."""
    one, two = process(), process()
    heard: asyncio.Queue[int] = asyncio.Queue()
    again = asyncio.Event()
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        again.set()

    listening = asyncio.create_task(one.listen(lambda: heard.put_nowait(0), pause))
    await asyncio.wait_for(heard.get(), 10)  # it listens
    one.act([text(10, "own")], ())
    two.act([text(10, "a")], ())
    await asyncio.wait_for(heard.get(), 10)
    quiet = heard.empty()
    await asyncio.to_thread(kill, LISTENING)
    await asyncio.wait_for(again.wait(), 10)
    await asyncio.wait_for(heard.get(), 10)  # it listens again
    two.act([text(10, "b")], ())
    await asyncio.wait_for(heard.get(), 10)
    await ended(listening)

    assert quiet
    assert waits == [LISTEN_AGAIN]
    (said,) = caplog.messages  # in which of the two ways the end of a connection shows is chance
    said, _, kind = said.rpartition(": ")
    assert said == "what other processes queue is not heard of for now"
    assert kind in ("AdminShutdown", "OperationalError")


async def test_other_bots_are_not_heard(process: Stores, fresh_url: str, clock: Clock) -> None:
    """What another tenant queues in the same database wakes nobody."""
    one = process()
    other = PostgresStore(fresh_url, clock, secrets.token_hex(4))
    heard: asyncio.Queue[int] = asyncio.Queue()

    listening = asyncio.create_task(one.listen(lambda: heard.put_nowait(0)))
    await asyncio.wait_for(heard.get(), 10)
    other.act([text(10, "a")], ())
    process().act([text(10, "b")], ())
    await asyncio.wait_for(heard.get(), 10)
    await ended(listening)
    leads = [one.lead(), other.lead()]
    other.close()

    assert heard.empty()
    assert leads == [1, 1]


def test_store_in_use_is_not_emptied(process: Stores) -> None:
    """All of a tenant is deleted by one call, but not while another process works for it."""
    one, two = process(), process()
    queue(one, text(10, "a"))
    one.lead()

    with pytest.raises(StoreError, match=r"Stop it first; nothing was changed"):
        empty(two)
    assert one.waiting() == 1
    one.close()

    polling = process()
    polling.lead(POLLING)
    with pytest.raises(StoreError, match=r"Stop it first; nothing was changed"):
        empty(two)
    assert two.waiting() == 1
    polling.close()

    assert empty(two) > 0
    assert two.waiting() == 0
