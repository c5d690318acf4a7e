"""The durable inbox of updates, over a real store."""

import asyncio
import threading
from collections.abc import Collection
from typing import Any, cast

import pytest

from bot.pipeline.inbox import MAX_WORKERS, Inbox
from bot.store import Store
from tests.support.queues import ended, key, noting, queue, text, update
from tests.support.stores import Around
from tests.support.tables import tables

pytestmark = pytest.mark.durability


async def test_each_update_is_handled_once(store: Store) -> None:
    """An update that is delivered again is handled only once."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive_updates([update(1, 10), update(2, 10)])
    await inbox.receive_updates([update(2, 10), update(3, 11)])
    await inbox.wait_until_idle()

    assert sorted(handled) == [1, 2, 3]


async def test_order_per_chat(store: Store) -> None:
    """Updates of a chat are handled in order of arrival, however many chats there are."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive_updates([update(number, number % 7) for number in range(200)])
    await inbox.wait_until_idle()

    for chat in range(7):
        numbers = [number for number in handled if number % 7 == chat]
        assert numbers == sorted(numbers)
    assert len(handled) == 200


async def test_update_that_arrives_meanwhile_is_handled_next(store: Store) -> None:
    """An update that arrives while its chat is being handled waits and is handled next."""
    started, proceed = threading.Event(), threading.Event()
    handled: list[int] = []
    finish = noting(store, handled)

    def handle(number: int, raw: dict[str, Any]) -> None:
        started.set()
        assert proceed.wait(10)
        finish(number, raw)

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(1, 10)])
    assert await asyncio.to_thread(started.wait, 10)
    await inbox.receive_updates([update(2, 10)])
    handled_meanwhile = list(handled)
    proceed.set()
    await inbox.wait_until_idle()

    assert handled_meanwhile == []
    assert handled == [1, 2]


async def test_update_that_arrives_at_the_last_moment(store: Store) -> None:
    """An update that arrives just after its chat was found to be empty is handled too."""
    released, proceed = threading.Event(), threading.Event()
    handled: list[int] = []

    class SlowRelease(Around):
        def release_chat(self, chat_key: str, excluded: Collection[int]) -> bool:
            more = store.inbox.release_chat(chat_key, excluded)
            released.set()
            assert proceed.wait(10)
            return more

    inbox = Inbox(cast(Store, SlowRelease(store)), noting(store, handled), key)
    await inbox.receive_updates([update(1, 10)])
    assert await asyncio.to_thread(released.wait, 10)
    await inbox.receive_updates([update(2, 10)])
    proceed.set()
    await inbox.wait_until_idle()

    assert handled == [1, 2]


async def test_only_the_newest_update_is_handled(store: Store) -> None:
    """If only the newest update of a chat counts, an update is skipped when a newer one is queued."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key, lambda chat: chat == "10")

    await inbox.receive_updates([update(number, 10 + number % 2) for number in range(1, 9)])
    await inbox.wait_until_idle()

    assert [number for number in handled if number % 2 == 0] == [8]
    assert [number for number in handled if number % 2] == [1, 3, 5, 7]
    assert store.inbox.pending_updates() == []


async def test_finished_update_keeps_no_personal_data(store: Store) -> None:
    """Neither the text nor the chat of a finished update stays in the store."""
    store.inbox.add_updates([(1, "inline:4711", '{"text": "Geheimnis"}')])
    store.finish_update(1, None, None, (), ())

    assert store.inbox.add_updates([(1, "inline:4711", "{}")]) == []
    assert store.inbox.pending_updates() == []
    assert [(row["chat"], row["body"]) for row in tables(store)["inbox"]] == [("", "")]


async def test_busy_chats_do_not_delay_others(store: Store) -> None:
    """Chats take turns, so chats that send hundreds of messages do not delay those that send one."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    loud = [update(number, number % 8) for number in range(1000)]
    await inbox.receive_updates([*loud, update(2000, 11), update(2001, 12)])
    await inbox.wait_until_idle()

    assert max(handled.index(2000), handled.index(2001)) < 200  # far below 1,000, however the threads are scheduled
    assert len(handled) == 1002


async def test_chats_are_handled_by_all_workers(store: Store) -> None:
    """Exactly as many chats as there are workers are handled at the same time."""
    running, peak, lock, barrier = 0, 0, threading.Lock(), threading.Barrier(MAX_WORKERS)

    def handle(number: int, raw: dict[str, Any]) -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        barrier.wait(10)
        with lock:
            running -= 1
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(number, 10 + number) for number in range(40)])
    await inbox.wait_until_idle()

    assert peak == MAX_WORKERS


async def test_update_finished_by_an_earlier_one_is_skipped(store: Store) -> None:
    """An update that an earlier update of its chat has finished, as a deletion does, is not handled."""
    store.inbox.add_updates([(number, "10", f'{{"update_id": {number}}}') for number in (1, 2, 3)])
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.append(raw["update_id"])
        for done in {1: (1, 2), 3: (3,)}[number]:
            store.finish_update(done, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.resume_pending()
    await inbox.wait_until_idle()

    assert handled == [1, 3]


async def test_update_finished_by_another_process_is_skipped(store: Store) -> None:
    """An update that another process has finished meanwhile is not handled, and none after it is skipped."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive_updates([update(number, 10) for number in range(1, 120)])
    for number in (50, 60):
        store.finish_update(number, None, None, (), ())
    await inbox.wait_until_idle()

    assert handled == [number for number in range(1, 120) if number not in (50, 60)]


async def test_sqlite_has_no_other_process(embedded: Store) -> None:
    """With SQLite, no other process is listened to, and this process always leads."""
    notifications: list[int] = []
    listener = asyncio.create_task(embedded.database.listen_for_calls(lambda: notifications.append(0)))
    await asyncio.to_thread(queue, embedded, text(10, "a"))
    await ended(listener)

    assert embedded.database.try_acquire_leadership() == embedded.database.try_acquire_leadership() == 1
    assert notifications == []
