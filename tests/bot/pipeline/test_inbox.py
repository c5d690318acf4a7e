"""Durable updates in, with a real store."""

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
    """Redelivered updates are handled once."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive_updates([update(1, 10), update(2, 10)])
    await inbox.receive_updates([update(2, 10), update(3, 11)])
    await inbox.wait_until_idle()

    assert sorted(handled) == [1, 2, 3]


async def test_order_per_chat(store: Store) -> None:
    """Updates of one chat are handled in the order in which they came, however many chats there are."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive_updates([update(number, number % 7) for number in range(200)])
    await inbox.wait_until_idle()

    for chat in range(7):
        numbers = [number for number in handled if number % 7 == chat]
        assert numbers == sorted(numbers)
    assert len(handled) == 200


async def test_chat_goes_on_with_what_comes_meanwhile(store: Store) -> None:
    """What comes while its chat is being handled waits for what is in hand, and is handled next."""
    begun, go = threading.Event(), threading.Event()
    handled: list[int] = []
    note = noting(store, handled)

    def handle(number: int, raw: dict[str, Any]) -> None:
        begun.set()
        assert go.wait(10)
        note(number, raw)

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(1, 10)])
    assert await asyncio.to_thread(begun.wait, 10)
    await inbox.receive_updates([update(2, 10)])
    in_hand = list(handled)
    go.set()
    await inbox.wait_until_idle()

    assert in_hand == []
    assert handled == [1, 2]


async def test_update_that_comes_at_the_last_moment(store: Store) -> None:
    """What comes between the look for more of its chat and the end of the chat's turn is handled too."""
    looked, go = threading.Event(), threading.Event()
    handled: list[int] = []

    class Slow(Around):
        def release_chat(self, chat_key: str, excluded: Collection[int]) -> bool:
            more = store.inbox.release_chat(chat_key, excluded)
            looked.set()
            assert go.wait(10)
            return more

    inbox = Inbox(cast(Store, Slow(store)), noting(store, handled), key)
    await inbox.receive_updates([update(1, 10)])
    assert await asyncio.to_thread(looked.wait, 10)
    await inbox.receive_updates([update(2, 10)])
    go.set()
    await inbox.wait_until_idle()

    assert handled == [1, 2]


async def test_only_the_newest(store: Store) -> None:
    """Where only the newest counts, those behind which a newer one waits are done without being handled."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key, lambda chat: chat == "10")

    await inbox.receive_updates([update(number, 10 + number % 2) for number in range(1, 9)])
    await inbox.wait_until_idle()

    assert [number for number in handled if number % 2 == 0] == [8]
    assert [number for number in handled if number % 2] == [1, 3, 5, 7]
    assert store.inbox.pending_updates() == []


async def test_nobody_is_named_by_what_is_done(store: Store) -> None:
    """Of an update that is done neither its text nor its chat is kept."""
    store.inbox.add_updates([(1, "inline:4711", '{"text": "Geheimnis"}')])
    store.finish_update(1, None, None, (), ())

    assert store.inbox.add_updates([(1, "inline:4711", "{}")]) == []
    assert store.inbox.pending_updates() == []
    assert [(row["chat"], row["body"]) for row in tables(store)["inbox"]] == [("", "")]


async def test_loud_chats_hold_up_nobody(store: Store) -> None:
    """Chats take turns: many that send hundreds of messages are not handled before those who sent one each."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    loud = [update(number, number % 8) for number in range(1000)]
    await inbox.receive_updates([*loud, update(2000, 11), update(2001, 12)])
    await inbox.wait_until_idle()

    assert max(handled.index(2000), handled.index(2001)) < 200  # far from 1,000, however the threads come to run
    assert len(handled) == 1002


async def test_some_chats_at_once(store: Store) -> None:
    """As many chats as are meant to, and not one more, are handled at the same time."""
    now, most, lock, all_at_it = 0, 0, threading.Lock(), threading.Barrier(MAX_WORKERS)

    def handle(number: int, raw: dict[str, Any]) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        all_at_it.wait(10)
        with lock:
            now -= 1
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(number, 10 + number) for number in range(40)])
    await inbox.wait_until_idle()

    assert most == MAX_WORKERS


async def test_update_done_by_an_earlier_one_is_passed_over(store: Store) -> None:
    """What an earlier update of the chat has done with it, as a deletion does, is not handled any more."""
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


async def test_update_is_read_when_its_turn_comes(store: Store) -> None:
    """An update that another process has done while it waited here is not handled, and none behind it is left out."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive_updates([update(number, 10) for number in range(1, 120)])
    for number in (50, 60):
        store.finish_update(number, None, None, (), ())
    await inbox.wait_until_idle()

    assert handled == [number for number in range(1, 120) if number not in (50, 60)]


async def test_one_process_hears_nobody(embedded: Store) -> None:
    """With a file there is nobody else to hear of, and it is always this process that leads."""
    heard: list[int] = []
    listening = asyncio.create_task(embedded.database.listen_for_calls(lambda: heard.append(0)))
    await asyncio.to_thread(queue, embedded, text(10, "a"))
    await ended(listening)

    assert embedded.database.try_acquire_leadership() == embedded.database.try_acquire_leadership() == 1
    assert heard == []
