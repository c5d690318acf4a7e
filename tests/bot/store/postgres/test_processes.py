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
from tests.bot.conftest import OpenStore
from tests.bot.pipeline.test_outbox import faulty
from tests.conftest import Clock
from tests.support.queues import at_once, key, noting, text, update

pytestmark = pytest.mark.durability

LOCKING = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"


def test_chat_is_claimed_by_one_process(process_store: OpenStore) -> None:
    """While one process handles a chat no other can, and on releasing it that process sees new updates."""
    one, two = process_store(), process_store()
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


def test_chats_of_other_tenants_are_separate(process_store: OpenStore, fresh_url: str, clock: Clock) -> None:
    """A chat, the leadership and a transaction of one bot block no other tenant and no other schema."""
    with psycopg.connect(fresh_url) as connection:
        connection.execute("CREATE SCHEMA other")
    schema = f"{fresh_url}&options=-csearch_path%3Dother"
    stores = [
        process_store(),
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


def test_empty_chat_is_not_claimed(process_store: OpenStore) -> None:
    """A chat in which no update is pending stays free for others to claim."""
    one, two = process_store(), process_store()
    one.inbox.add_updates([(1, "10", "{}")])

    assert one.inbox.claim_update("10", (1,)) is None
    assert two.inbox.claim_update("10", ()) == ClaimedUpdate(1, "{}", False)


class RunsActions(frozenset[int]):
    """An empty set of excluded updates that runs the last of its actions each time it is read."""

    actions: list[Callable[[], object]]

    def __iter__(self) -> Iterator[int]:
        if self.actions:
            self.actions.pop()()
        return super().__iter__()


def test_update_stored_while_a_chat_is_released(process_store: OpenStore) -> None:
    """An update stored after a chat was found empty, but before it is released, is handled."""
    one, two = process_store(), process_store()
    excluded = RunsActions()
    excluded.actions = [lambda: two.inbox.add_updates([(1, "10", "{}")]), lambda: None]

    claimed = one.inbox.claim_update("10", excluded)

    assert claimed == ClaimedUpdate(1, "{}", False)
    assert two.inbox.claim_update("10", ()) is None


def test_chat_is_free_before_the_last_check(process_store: OpenStore) -> None:
    """A released chat can be claimed by others before the last check for updates, so that none is missed."""
    one, two = process_store(), process_store()
    one.inbox.add_updates([(1, "10", "{}")])
    one.inbox.claim_update("10", ())
    one.finish_update(1, None, None, (), ())
    claimed: list[ClaimedUpdate | None] = []
    excluded = RunsActions()
    two.inbox.add_updates([(2, "10", "{}")])
    excluded.actions = [lambda: claimed.append(two.inbox.claim_update("10", ()))]

    assert one.inbox.release_chat("10", excluded)
    assert claimed == [ClaimedUpdate(2, "{}", False)]


def test_chat_that_cannot_be_read_is_not_claimed(process_store: OpenStore, fresh_url: str, clock: Clock) -> None:
    """If a process claims a chat and then cannot read its updates, the chat stays free for others."""
    two = process_store()
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


def test_chat_of_a_process_that_dies(process_store: OpenStore, kill_connections: Callable[[str], None]) -> None:
    """If a process loses its connection, others can claim its chats, and an update is finished only once."""
    one, two = process_store(), process_store()
    one.inbox.add_updates([(1, "10", "{}")])
    one.inbox.claim_update("10", ())
    kill_connections(LOCKING)

    assert two.inbox.claim_update("10", ()) == ClaimedUpdate(1, "{}", False)
    assert two.finish_update(1, None, None, (text(10, "a"),), ())
    assert not one.finish_update(1, None, None, (text(10, "a"),), ())
    assert one.outbox.count_queued_calls() == 1
    with pytest.raises(StoreUnavailable, match="cannot be used now"):
        one.inbox.release_chat("10", ())
    assert not one.inbox.release_chat("10", ())
    assert one.inbox.claim_update("10", ()) is None


async def test_two_inboxes_share_the_work(process_store: OpenStore) -> None:
    """Two processes handle each update once, in order, and never two updates of a chat at once."""
    stores = process_store(), process_store()
    handled: list[int] = []
    counts: dict[int, int] = {}
    active_chats: set[int] = set()
    lock = threading.Lock()

    def make_handler(process_number: int) -> Callable[[int, dict[str, Any]], None]:
        def handle(number: int, raw: dict[str, Any]) -> None:
            with lock:
                assert raw["chat"] not in active_chats
                active_chats.add(raw["chat"])
                handled.append(number)
                counts[process_number] = counts.get(process_number, 0) + 1
            stores[process_number].outbox.count_queued_calls()
            with lock:
                active_chats.remove(raw["chat"])
            assert stores[process_number].finish_update(number, None, None, (), ())

        return handle

    inboxes = [Inbox(store, make_handler(number), key, sleep=at_once) for number, store in enumerate(stores)]
    for number in range(60):
        await inboxes[number // 2 % 2].receive_updates([update(number, number % 5)])
    for number in (0, 1):
        await inboxes[number].receive_updates([update(60 + number, 60 + number)])
    await asyncio.gather(*(inbox.wait_until_idle() for inbox in inboxes))

    for chat in range(5):
        numbers = [number for number in handled if number < 60 and number % 5 == chat]
        assert numbers == sorted(numbers)
    assert sorted(handled) == list(range(62))
    assert set(counts) == {0, 1}
    assert stores[0].inbox.count_pending_updates() == 0


async def test_chat_of_another_process_is_left_to_it(process_store: OpenStore) -> None:
    """An update of a chat that another process handles is left to that process, which sees it on releasing it."""
    one, two = process_store(), process_store()
    one.inbox.add_updates([(1, "10", "{}")])
    one.inbox.claim_update("10", ())
    handled: list[int] = []
    inbox = Inbox(two, noting(two, handled), key)

    await inbox.receive_updates([update(2, 10)])
    await inbox.wait_until_idle()
    one.finish_update(1, None, None, (), ())

    assert handled == []
    assert one.inbox.release_chat("10", ())


async def test_updates_of_a_dead_process_are_handled(
    process_store: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Updates left unhandled by a process that died are soon handled by another, even after a store outage."""
    one, two = process_store(), process_store()
    one.inbox.add_updates([(1, "10", '{"update_id": 1}')])
    handled: list[int] = []
    waits: list[float] = []

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            await inbox.wait_until_idle()
            await inbox.close()

    unavailable = faulty(two, pending_updates=[StoreUnavailable("The store is away."), None])
    inbox = Inbox(unavailable, noting(two, handled), key, sleep=sleep)
    await inbox.keep_resuming()

    assert waits == [RESUME_INTERVAL] * 2
    assert handled == [1]
    assert caplog.messages == ["pending updates wait: The store is away."]
