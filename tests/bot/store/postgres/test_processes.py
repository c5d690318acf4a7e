"""Several processes with one store in PostgreSQL: one of them handles a chat."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from bot.errors import StoreUnavailable
from bot.pipeline.inbox import RESUME_INTERVAL, Inbox
from bot.store import Store
from bot.store.postgres.database import POOL_SIZE, PostgresDatabase
from bot.store.records import ClaimedUpdate
from tests.bot.conftest import Stores
from tests.bot.pipeline.test_outbox import faulty
from tests.conftest import Clock
from tests.support.queues import at_once, key, noting, text, update

pytestmark = pytest.mark.durability

LOCKING = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"


def test_chat_is_claimed_by_one(process: Stores) -> None:
    """While one process handles a chat no other can; updates of the meantime are seen by the one that releases it."""
    one, two = process(), process()
    one.inbox.add_updates([(1, "10", "{}"), (2, "11", "{}")])

    assert one.inbox.claim_update("10", ()) == ClaimedUpdate(1, "{}", False)
    assert two.inbox.claim_update("10", ()) is None
    assert two.inbox.claim_update("11", ()) == ClaimedUpdate(2, "{}", False)
    two.inbox.add_updates([(3, "10", "{}")])
    assert two.inbox.claim_update("10", ()) is None
    one.finish_update(1, None, None, (), ())
    assert one.inbox.release_chat("10", ())
    assert two.inbox.claim_update("10", ()) == ClaimedUpdate(3, "{}", False)
    assert not two.inbox.release_chat("10", (3,))


def test_chats_of_other_bots_are_theirs(process: Stores, fresh_url: str, clock: Clock) -> None:
    """A chat, the leadership and a transaction of one bot block no other tenant and no other schema."""
    with psycopg.connect(fresh_url) as connection:
        connection.execute("CREATE SCHEMA other")
    schema = f"{fresh_url}&options=-csearch_path%3Dother"
    stores = [
        process(),
        Store(PostgresDatabase(fresh_url, clock, "kiel", 0.5)),
        Store(PostgresDatabase(schema, clock, wait_timeout=0.5)),
    ]

    for store in stores:
        store.inbox.add_updates([(1, "10", "{}")])
    claims = [store.inbox.claim_update("10", ()) for store in stores]
    leads = [store.database.try_acquire_leadership() for store in stores]
    with stores[0].database.transaction():
        for store in stores[1:]:
            store.database.check_writable()
    for store in stores[1:]:
        store.close()

    assert claims == [ClaimedUpdate(1, "{}", False)] * 3
    assert leads == [1, 1, 1]


def test_chat_in_which_nothing_waits_is_not_kept(process: Stores) -> None:
    """A chat claimed in vain is free for all again."""
    one, two = process(), process()
    one.inbox.add_updates([(1, "10", "{}")])

    assert one.inbox.claim_update("10", (1,)) is None
    assert two.inbox.claim_update("10", ()) == ClaimedUpdate(1, "{}", False)


class Meanwhile(frozenset[int]):
    """An empty list of excluded updates that runs the last of its actions each time it is read."""

    happens: list[Callable[[], object]]

    def __iter__(self) -> Iterator[int]:
        if self.happens:
            self.happens.pop()()
        return super().__iter__()


def test_what_comes_while_a_chat_is_let_go_of(process: Stores) -> None:
    """An update written after a chat was found empty, and before it is released, is handled."""
    one, two = process(), process()
    none = Meanwhile()
    none.happens = [lambda: two.inbox.add_updates([(1, "10", "{}")]), lambda: None]

    claimed = one.inbox.claim_update("10", none)

    assert claimed == ClaimedUpdate(1, "{}", False)
    assert two.inbox.claim_update("10", ()) is None


def test_chat_is_free_before_it_is_looked_at_again(process: Stores) -> None:
    """When a process checks for new updates, others can claim the chat already: one of the two sees each update."""
    one, two = process(), process()
    one.inbox.add_updates([(1, "10", "{}")])
    one.inbox.claim_update("10", ())
    one.finish_update(1, None, None, (), ())
    found: list[ClaimedUpdate | None] = []
    none = Meanwhile()
    two.inbox.add_updates([(2, "10", "{}")])
    none.happens = [lambda: found.append(two.inbox.claim_update("10", ()))]

    assert one.inbox.release_chat("10", none)
    assert found == [ClaimedUpdate(2, "{}", False)]


def test_chat_that_could_not_be_read_is_not_kept(process: Stores, fresh_url: str, clock: Clock) -> None:
    """If a process claims a chat and then cannot read its updates, the chat stays free for others."""
    two = process()
    database = PostgresDatabase(fresh_url, clock, wait_timeout=0.2)
    one = Store(database)
    two.inbox.add_updates([(1, "10", "{}")])

    with ExitStack() as busy:
        for _ in range(POOL_SIZE):
            busy.enter_context(database._pool.connection(timeout=30))
        with pytest.raises(StoreUnavailable):
            one.inbox.claim_update("10", ())

    assert two.inbox.claim_update("10", ()) == ClaimedUpdate(1, "{}", False)
    one.close()


def test_chat_of_a_process_that_dies(process: Stores, kill: Callable[[str], None]) -> None:
    """If a process loses its connection others get its chats; an update that both handle is finished once."""
    one, two = process(), process()
    one.inbox.add_updates([(1, "10", "{}")])
    one.inbox.claim_update("10", ())
    kill(LOCKING)

    assert two.inbox.claim_update("10", ()) == ClaimedUpdate(1, "{}", False)
    assert two.finish_update(1, None, None, (text(10, "a"),), ())
    assert not one.finish_update(1, None, None, (text(10, "a"),), ())
    assert one.outbox.count_queued_calls() == 1
    with pytest.raises(StoreUnavailable, match="cannot be used now"):
        one.inbox.release_chat("10", ())
    assert not one.inbox.release_chat("10", ())
    assert one.inbox.claim_update("10", ()) is None


async def test_two_inboxes(process: Stores) -> None:
    """Two processes notified of the same chats handle each update once, in order, never two of a chat at once."""
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
            stores[which].outbox.count_queued_calls()
            with guard:
                at_work.remove(raw["chat"])
            assert stores[which].finish_update(number, None, None, (), ())

        return handles

    inboxes = [Inbox(store, handle(which), key, sleep=at_once) for which, store in enumerate(stores)]
    for number in range(60):
        await inboxes[number // 2 % 2].receive_updates([update(number, number % 5)])
    for which in (0, 1):
        await inboxes[which].receive_updates([update(60 + which, 60 + which)])
    await asyncio.gather(*(inbox.wait_until_idle() for inbox in inboxes))

    for chat in range(5):
        numbers = [number for number in handled if number < 60 and number % 5 == chat]
        assert numbers == sorted(numbers)
    assert sorted(handled) == list(range(62))
    assert set(by) == {0, 1}
    assert stores[0].inbox.count_pending_updates() == 0


async def test_chat_of_another_process_is_left_to_it(process: Stores) -> None:
    """An update of a chat that another process handles is left to that one, which sees it on releasing the chat."""
    one, two = process(), process()
    one.inbox.add_updates([(1, "10", "{}")])
    one.inbox.claim_update("10", ())
    handled: list[int] = []
    inbox = Inbox(two, noting(two, handled), key)

    await inbox.receive_updates([update(2, 10)])
    await inbox.wait_until_idle()
    one.finish_update(1, None, None, (), ())

    assert handled == []
    assert one.inbox.release_chat("10", ())


async def test_what_a_dead_process_left(process: Stores, caplog: pytest.LogCaptureFixture) -> None:
    """Updates that another process received and died before handling are soon handled, even after a store outage."""
    one, two = process(), process()
    one.inbox.add_updates([(1, "10", '{"update_id": 1}')])
    handled: list[int] = []
    waits: list[float] = []

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            await inbox.wait_until_idle()
            await inbox.close()

    away = faulty(two, pending_updates=[StoreUnavailable("The store is away."), None])
    inbox = Inbox(away, noting(two, handled), key, sleep=rest)
    await inbox.keep_resuming()

    assert waits == [RESUME_INTERVAL] * 2
    assert handled == [1]
    assert caplog.messages == ["pending updates wait: The store is away."]
