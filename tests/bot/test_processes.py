"""Several processes with one store in PostgreSQL: a chat is handled by one of them, and one of them sends."""

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from bot.errors import StoreUnavailable
from bot.inbox import RESUME, Inbox
from bot.outbox import HANDOVER, STANDBY, Outbox
from bot.pace import UNLIMITED, Pace
from bot.store.pooled import MOST
from bot.store.postgres import PostgresStore
from bot.store.protocol import Claimed
from tests.bot.queues import Counterpart, at_once, ended, key, noting, queue, text, update
from tests.bot.test_outbox import faulty
from tests.conftest import Clock

Stores = Callable[[], PostgresStore]


@pytest.fixture
def process(fresh_url: str, clock: Clock) -> Iterator[Stores]:
    """Opens the store as another process does, as often as it is called."""
    opened: list[PostgresStore] = []

    def opens() -> PostgresStore:
        opened.append(PostgresStore(fresh_url, clock))
        return opened[-1]

    yield opens
    for store in opened:
        store.close()


@pytest.fixture
def kill(fresh_url: str) -> Callable[[str], None]:
    """Ends the connections of which PostgreSQL knows this, as a server or a network does."""

    def kills(which: str) -> None:
        with psycopg.connect(fresh_url, user="postgres", autocommit=True) as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {others} AND {which}".encode())

    return kills


LOCKING = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
LISTENING = "query LIKE 'LISTEN%'"


def test_chat_is_claimed_by_one(process: Stores) -> None:
    """While one process handles a chat no other gets it; what came meanwhile is seen by the one that lets go."""
    one, two = process(), process()
    one.add_updates([(1, "10", "{}"), (2, "11", "{}")])

    assert one.claim("10", ()) == Claimed(1, "{}", False)
    assert two.claim("10", ()) is None
    assert two.claim("11", ()) == Claimed(2, "{}", False)
    two.add_updates([(3, "10", "{}")])
    assert two.claim("10", ()) is None
    one.finish(1, None, None, (), ())
    assert one.release("10", ())
    assert two.claim("10", ()) == Claimed(3, "{}", False)
    assert not two.release("10", (3,))


def test_chat_in_which_nothing_waits_is_not_kept(process: Stores) -> None:
    """A chat that is claimed in vain is free for all again."""
    one, two = process(), process()
    one.add_updates([(1, "10", "{}")])

    assert one.claim("10", (1,)) is None
    assert two.claim("10", ()) == Claimed(1, "{}", False)


class Meanwhile(frozenset[int]):
    """No updates; each time that a process reads this list, the last of what is to happen does."""

    happens: list[Callable[[], object]]

    def __iter__(self) -> Iterator[int]:
        if self.happens:
            self.happens.pop()()
        return super().__iter__()


def test_what_comes_while_a_chat_is_let_go_of(process: Stores) -> None:
    """An update written by another process just after a chat was found empty, and before it is free, is handled."""
    one, two = process(), process()
    none = Meanwhile()
    none.happens = [lambda: two.add_updates([(1, "10", "{}")]), lambda: None]

    claimed = one.claim("10", none)

    assert claimed == Claimed(1, "{}", False)
    assert two.claim("10", ()) is None


def test_chat_is_free_before_it_is_looked_at_again(process: Stores) -> None:
    """When a process looks what came meanwhile, others can have the chat already: one of both sees each update."""
    one, two = process(), process()
    one.add_updates([(1, "10", "{}")])
    one.claim("10", ())
    one.finish(1, None, None, (), ())
    found: list[Claimed | None] = []
    none = Meanwhile()
    two.add_updates([(2, "10", "{}")])
    none.happens = [lambda: found.append(two.claim("10", ()))]

    assert one.release("10", none)
    assert found == [Claimed(2, "{}", False)]


def test_chat_that_could_not_be_read_is_not_kept(process: Stores, fresh_url: str, clock: Clock) -> None:
    """Where a process claims a chat and then cannot read what waits there, the chat stays free for others."""
    two = process()
    one = PostgresStore(fresh_url, clock, patience=0.2)
    two.add_updates([(1, "10", "{}")])

    with ExitStack() as busy:
        for _ in range(MOST):
            busy.enter_context(one._pool.connection(timeout=30))
        with pytest.raises(StoreUnavailable):
            one.claim("10", ())

    assert two.claim("10", ()) == Claimed(1, "{}", False)
    one.close()


def test_chat_of_a_process_that_dies(process: Stores, kill: Callable[[str], None]) -> None:
    """When a process loses its connection others get its chats; what both of them handle is finished once."""
    one, two = process(), process()
    one.add_updates([(1, "10", "{}")])
    one.claim("10", ())
    kill(LOCKING)

    assert two.claim("10", ()) == Claimed(1, "{}", False)
    assert two.finish(1, None, None, (text(10, "a"),), ())
    assert not one.finish(1, None, None, (text(10, "a"),), ())
    assert one.waiting() == 1
    with pytest.raises(StoreUnavailable):
        one.release("10", ())
    assert not one.release("10", ())
    assert one.claim("10", ()) is None


async def test_two_inboxes(process: Stores) -> None:
    """Two processes told of the same chats handle each update once, in order, never two of a chat at once."""
    stores = process(), process()
    handled: list[int] = []
    by: dict[int, int] = {}
    at_work: set[int] = set()
    guard = threading.Lock()

    def handle(which: int) -> Callable[[int, dict[str, Any]], None]:
        def handles(number: int, raw: dict[str, Any]) -> None:
            with guard:
                assert raw["chat"] not in at_work
                at_work.add(raw["chat"])
                handled.append(number)
                by[which] = by.get(which, 0) + 1
            stores[which].waiting()
            with guard:
                at_work.remove(raw["chat"])
            assert stores[which].finish(number, None, None, (), ())

        return handles

    inboxes = [Inbox(store, handle(which), key, rest=at_once) for which, store in enumerate(stores)]
    for number in range(60):
        await inboxes[number // 2 % 2].receive([update(number, number % 5)])
    for which in (0, 1):
        await inboxes[which].receive([update(60 + which, 60 + which)])
    await asyncio.gather(*(inbox.idle() for inbox in inboxes))

    for chat in range(5):
        numbers = [number for number in handled if number < 60 and number % 5 == chat]
        assert numbers == sorted(numbers)
    assert sorted(handled) == list(range(62))
    assert set(by) == {0, 1}
    assert stores[0].pending() == 0


async def test_chat_of_another_process_is_left_to_it(process: Stores) -> None:
    """What comes for a chat that another process handles is left to that one, which sees it when it lets go."""
    one, two = process(), process()
    one.add_updates([(1, "10", "{}")])
    one.claim("10", ())
    handled: list[int] = []
    inbox = Inbox(two, noting(two, handled), key)

    await inbox.receive([update(2, 10)])
    await inbox.idle()
    one.finish(1, None, None, (), ())

    assert handled == []
    assert one.release("10", ())


async def test_what_a_dead_process_left(process: Stores, caplog: pytest.LogCaptureFixture) -> None:
    """What another process wrote down and did not live to handle is taken up soon, also where the store is away."""
    one, two = process(), process()
    one.add_updates([(1, "10", '{"update_id": 1}')])
    handled: list[int] = []
    waits: list[float] = []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            await inbox.idle()
            await inbox.close()

    away = faulty(two, pending_updates=[StoreUnavailable("The store is away."), None])
    inbox = Inbox(away, noting(two, handled), key, rest=rest)
    await inbox.keep_resuming()

    assert waits == [RESUME] * 3
    assert handled == [1]
    assert caplog.messages == ["what others left waits: The store is away."]


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


async def test_what_others_queue_is_heard(process: Stores, kill: Callable[[str], None]) -> None:
    """What another process queues is heard at once, also after the connection was lost; what is one's own is not."""
    one, two = process(), process()
    heard: asyncio.Queue[int] = asyncio.Queue()
    again = asyncio.Event()

    async def pause(seconds: float) -> None:
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
