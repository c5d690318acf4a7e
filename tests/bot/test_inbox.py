"""Durable updates in, with a real store."""

import asyncio
import threading
from collections.abc import Collection
from typing import Any, cast

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.inbox import AT_ONCE, RESUME, Inbox
from bot.store import SqliteStore, SqlStore, Store
from tests.bot.queues import at_once, ended, key, noting, queue, text, update
from tests.bot.tables import tables


async def test_each_update_is_handled_once(store: SqlStore) -> None:
    """Redelivered updates are handled once."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.receive([update(2, 10), update(3, 11)])
    await inbox.idle()

    assert sorted(handled) == [1, 2, 3]


async def test_order_per_chat(store: SqlStore) -> None:
    """Updates of one chat are handled in the order in which they came, however many chats there are."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive([update(number, number % 7) for number in range(200)])
    await inbox.idle()

    for chat in range(7):
        numbers = [number for number in handled if number % 7 == chat]
        assert numbers == sorted(numbers)
    assert len(handled) == 200


async def test_chat_goes_on_with_what_comes_meanwhile(store: SqlStore) -> None:
    """What comes while its chat is being handled waits for what is in hand, and is handled next."""
    begun, go = threading.Event(), threading.Event()
    handled: list[int] = []
    note = noting(store, handled)

    def handle(number: int, raw: dict[str, Any]) -> None:
        begun.set()
        assert go.wait(10)
        note(number, raw)

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(1, 10)])
    assert await asyncio.to_thread(begun.wait, 10)
    await inbox.receive([update(2, 10)])
    in_hand = list(handled)
    go.set()
    await inbox.idle()

    assert in_hand == []
    assert handled == [1, 2]


async def test_update_that_comes_at_the_last_moment(store: SqlStore) -> None:
    """What comes between the look for more of its chat and the end of the chat's turn is handled too."""
    looked, go = threading.Event(), threading.Event()
    handled: list[int] = []

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def release(self, chat: str, without: Collection[int]) -> bool:
            more = store.release(chat, without)
            looked.set()
            assert go.wait(10)
            return more

    inbox = Inbox(cast(Store, Slow()), noting(store, handled), key)
    await inbox.receive([update(1, 10)])
    assert await asyncio.to_thread(looked.wait, 10)
    await inbox.receive([update(2, 10)])
    go.set()
    await inbox.idle()

    assert handled == [1, 2]


async def test_only_the_newest(store: SqlStore) -> None:
    """Where only the newest counts, those behind which a newer one waits are done without being handled."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key, lambda chat: chat == "10")

    await inbox.receive([update(number, 10 + number % 2) for number in range(1, 9)])
    await inbox.idle()

    assert [number for number in handled if number % 2 == 0] == [8]
    assert [number for number in handled if number % 2] == [1, 3, 5, 7]
    assert store.pending_updates() == []


async def test_nobody_is_named_by_what_is_done(store: SqlStore) -> None:
    """Of an update that is done neither its text nor its chat is kept."""
    store.add_updates([(1, "inline:4711", '{"text": "Geheimnis"}')])
    store.finish(1, None, None, (), ())

    assert store.add_updates([(1, "inline:4711", "{}")]) == []
    assert store.pending_updates() == []
    assert [(row["chat"], row["body"]) for row in tables(store)["inbox"]] == [("", "")]


async def test_unfinished_updates_are_taken_up_again(store: SqlStore) -> None:
    """What was written down before a crash is handled at the next start."""
    store.add_updates([(number, str(9 + number % 2), f'{{"update_id": {number}}}') for number in (5, 6, 7, 8)])
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key, lambda chat: chat == "9")

    await inbox.resume()
    await inbox.idle()

    assert [number for number in handled if number % 2] == [5, 7]
    assert [number for number in handled if number % 2 == 0] == [8]


async def test_update_that_fails_is_tried_again(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    """Where an update cannot be handled now, it is tried again, and what came after it waits its turn."""
    handled: list[int] = []
    full = [True]

    def handle(number: int, raw: dict[str, Any]) -> None:
        if full.pop() if full else False:
            raise StoreUnavailable("The store cannot be used now: the disk is full.")
        handled.append(number)
        store.finish(number, None, None, (), ())

    inbox = Inbox(store, handle, key, rest=at_once)
    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.idle()

    assert handled == [1, 2]
    assert caplog.messages == ["a chat waits: The store cannot be used now: the disk is full."]


async def test_loud_chats_hold_up_nobody(store: SqlStore) -> None:
    """Chats take turns: many that send hundreds of messages are not handled before those who sent one each."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    loud = [update(number, number % 8) for number in range(1000)]
    await inbox.receive([*loud, update(2000, 11), update(2001, 12)])
    await inbox.idle()

    assert max(handled.index(2000), handled.index(2001)) < 200  # far from 1,000, however the threads come to run
    assert len(handled) == 1002


async def test_one_broken_update_stops_no_other(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    """Where the handling of an update fails, what is behind it in its chat and in others is handled all the same."""
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        if number < 5:
            raise ValueError
        handled.append(number)
        store.finish(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(number, 10) for number in range(1, 7)])
    await inbox.idle()

    assert handled == [5, 6]
    assert caplog.messages == [f"update {number} is put off" for number in range(1, 5)]
    assert [number for number, _ in store.pending_updates()] == [1, 2, 3, 4]


async def test_closing_ends_the_waiting_for_what_others_leave(store: SqlStore) -> None:
    """Whoever waits to look again at what others left does not keep the bot from ending."""
    inbox = Inbox(store, noting(store, []), key)
    resuming = asyncio.create_task(inbox.keep_resuming())
    await asyncio.sleep(0)

    await inbox.close()

    await asyncio.wait_for(resuming, RESUME / 2)


async def test_some_chats_at_once(store: SqlStore) -> None:
    """As many chats as are meant to, and not one more, are handled at the same time."""
    now, most, lock, all_at_it = 0, 0, threading.Lock(), threading.Barrier(AT_ONCE)

    def handle(number: int, raw: dict[str, Any]) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        all_at_it.wait(10)
        with lock:
            now -= 1
        store.finish(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(number, 10 + number) for number in range(40)])
    await inbox.idle()

    assert most == AT_ONCE


async def test_closing_finishes_what_is_in_hand(store: SqlStore) -> None:
    """When the bot ends, the updates in hand are finished; what waits, and what still comes, is left for the next."""
    begun, go = threading.Barrier(AT_ONCE + 1), threading.Event()
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        begun.wait(10)
        assert go.wait(10)
        handled.append(number)
        store.finish(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(number, 10 + number) for number in range(AT_ONCE + 2)] + [update(99, 10)])
    await asyncio.to_thread(begun.wait, 10)
    closing = asyncio.create_task(inbox.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    await inbox.receive([update(100, 77)])
    await inbox.idle()

    assert sorted(handled) == list(range(AT_ONCE))
    assert [number for number, _ in store.pending_updates()] == [AT_ONCE, AT_ONCE + 1, 99, 100]


async def test_wait_for_the_store_grows_and_ends_with_the_bot(store: SqlStore) -> None:
    """A store that cannot be used is tried after 1, 2, 4 … s, half a minute at most; closing ends the wait."""
    waits: list[float] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        raise StoreUnavailable("The store cannot be used now: the disk is full.")

    async def rest(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            woken.set()

    inbox = Inbox(store, handle, key, rest=rest)
    await inbox.receive([update(1, 10)])
    await inbox.idle()

    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]
    assert store.pending_updates() == [(1, "10")]


async def test_update_that_the_store_refuses_is_put_off(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    """What the store refuses for good is left for the next start, and holds up nothing."""
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        if number == 1:
            raise StoreError("The store cannot be used: it is damaged.")
        handled.append(number)
        store.finish(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.idle()

    assert handled == [2]
    assert store.pending_updates() == [(1, "10")]
    assert caplog.messages == ["update 1 is put off: The store cannot be used: it is damaged."]


async def test_update_done_by_an_earlier_one_is_passed_over(store: SqlStore) -> None:
    """What an earlier update of the chat has done with it, as a deletion does, is not handled any more."""
    store.add_updates([(number, "10", f'{{"update_id": {number}}}') for number in (1, 2, 3)])
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.append(raw["update_id"])
        for done in {1: (1, 2), 3: (3,)}[number]:
            store.finish(done, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.resume()
    await inbox.idle()

    assert handled == [1, 3]


async def test_update_is_read_when_its_turn_comes(store: SqlStore) -> None:
    """An update that another process has done while it waited here is not handled, and none behind it is left out."""
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key)

    await inbox.receive([update(number, 10) for number in range(1, 120)])
    for number in (50, 60):
        store.finish(number, None, None, (), ())
    await inbox.idle()

    assert handled == [number for number in range(1, 120) if number not in (50, 60)]


async def test_half_characters_are_taken(store: SqlStore) -> None:
    """A half of a character, which no store takes, is a question mark in what is handled."""
    handled: list[dict[str, Any]] = []
    seen: list[tuple[int, str]] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.append(raw)
        seen.extend(store.pending_updates())
        store.finish(number, None, None, (), ())

    inbox = Inbox(store, handle, lambda raw: "\ud83d10")

    await inbox.receive([{"update_id": 1, "text": "Grün \ud83d!"}])
    await inbox.idle()

    assert handled == [{"update_id": 1, "text": "Grün ?!"}]
    assert seen == [(1, "?10")]


async def test_one_process_hears_nobody(embedded: SqliteStore) -> None:
    """With a file there is nobody else to hear of, and it is always this process that leads."""
    heard: list[int] = []
    listening = asyncio.create_task(embedded.listen(lambda: heard.append(0)))
    await asyncio.to_thread(queue, embedded, text(10, "a"))
    await ended(listening)

    assert embedded.lead() == embedded.lead() == 1
    assert heard == []
