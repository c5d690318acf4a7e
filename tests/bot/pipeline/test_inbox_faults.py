"""The inbox when something fails or the bot stops."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.pipeline.inbox import MAX_WORKERS, RESUME_INTERVAL, Inbox
from bot.store import Store
from tests.bot.pipeline.test_outbox import faulty
from tests.support.queues import at_once, key, noting, update

pytestmark = pytest.mark.durability


async def test_unfinished_updates_are_resumed(store: Store) -> None:
    """Updates stored before a crash are handled at the next start."""
    store.inbox.add_updates([(number, str(9 + number % 2), f'{{"update_id": {number}}}') for number in (5, 6, 7, 8)])
    handled: list[int] = []
    inbox = Inbox(store, noting(store, handled), key, lambda chat: chat == "9")

    await inbox.resume_pending()
    await inbox.wait_until_idle()

    assert [number for number in handled if number % 2] == [5, 7]
    assert [number for number in handled if number % 2 == 0] == [8]


async def test_update_is_retried_when_the_store_is_unavailable(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """An update that cannot be handled now is retried, and later ones of its chat wait for it."""
    handled: list[int] = []
    disk_full = [True]

    def handle(number: int, raw: dict[str, Any]) -> None:
        if disk_full.pop() if disk_full else False:
            raise StoreUnavailable("The store cannot be used now: the disk is full.")
        handled.append(number)
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, key, sleep=at_once)
    await inbox.receive_updates([update(1, 10), update(2, 10)])
    await inbox.wait_until_idle()

    assert handled == [1, 2]
    assert caplog.messages == ["a chat waits: The store cannot be used now: the disk is full."]


async def test_failing_update_stops_no_other(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """If handling an update fails, later ones in its chat and in others are handled all the same."""
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        if number < 5:
            raise ValueError
        handled.append(number)
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(number, 10) for number in range(1, 7)])
    await inbox.wait_until_idle()

    assert handled == [5, 6]
    assert caplog.messages == [f"update {number} is postponed" for number in range(1, 5)]
    assert [number for number, _ in store.inbox.pending_updates()] == [1, 2, 3, 4]


async def test_closing_ends_the_wait_for_resuming(store: Store) -> None:
    """Waiting to resume updates that other processes left does not keep the bot from stopping."""
    inbox = Inbox(store, noting(store, []), key)
    resuming = asyncio.create_task(inbox.keep_resuming())
    await asyncio.sleep(0)

    await inbox.close()

    await asyncio.wait_for(resuming, RESUME_INTERVAL / 2)


async def test_closing_finishes_updates_being_handled(store: Store) -> None:
    """When the bot stops, updates being handled are finished, and others are left for the next start."""
    started, proceed = threading.Barrier(MAX_WORKERS + 1), threading.Event()
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        started.wait(10)
        assert proceed.wait(10)
        handled.append(number)
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(number, 10 + number) for number in range(MAX_WORKERS + 2)] + [update(99, 10)])
    await asyncio.to_thread(started.wait, 10)
    closing = asyncio.create_task(inbox.close())
    await asyncio.sleep(0)
    proceed.set()
    await closing
    await inbox.receive_updates([update(100, 77)])
    await inbox.wait_until_idle()

    assert sorted(handled) == list(range(MAX_WORKERS))
    assert [number for number, _ in store.inbox.pending_updates()] == [MAX_WORKERS, MAX_WORKERS + 1, 99, 100]


async def test_wait_for_the_store_grows(store: Store) -> None:
    """An unavailable store is retried after 1, 2, 4 … up to 32 s, and closing ends the wait."""
    waits: list[float] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        raise StoreUnavailable("The store cannot be used now: the disk is full.")

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            woken.set()

    inbox = Inbox(store, handle, key, sleep=sleep)
    await inbox.receive_updates([update(1, 10)])
    await inbox.wait_until_idle()

    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]
    assert store.inbox.pending_updates() == [(1, "10")]


async def test_update_that_the_store_refuses_is_postponed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """An update that the store refuses for good is left for the next start and does not delay others."""
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        if number == 1:
            raise StoreError("The store cannot be used: it is damaged.")
        handled.append(number)
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, key)
    await inbox.receive_updates([update(1, 10), update(2, 10)])
    await inbox.wait_until_idle()

    assert handled == [2]
    assert store.inbox.pending_updates() == [(1, "10")]
    assert caplog.messages == ["update 1 is postponed: The store cannot be used: it is damaged."]


async def test_lone_surrogates_are_replaced(store: Store) -> None:
    """A lone surrogate, which no store accepts, is replaced with a question mark."""
    handled: list[dict[str, Any]] = []
    pending: list[tuple[int, str]] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.append(raw)
        pending.extend(store.inbox.pending_updates())
        store.finish_update(number, None, None, (), ())

    inbox = Inbox(store, handle, lambda raw: "\ud83d10")

    await inbox.receive_updates([{"update_id": 1, "text": "Grün \ud83d!"}])
    await inbox.wait_until_idle()

    assert handled == [{"update_id": 1, "text": "Grün ?!"}]
    assert pending == [(1, "?10")]


@pytest.mark.parametrize(("call", "before"), [("claim_update", 2), ("release_chat", MAX_WORKERS + 2)])
async def test_chats_that_cannot_be_claimed_or_released_are_resumed(
    store: Store, caplog: pytest.LogCaptureFixture, call: str, before: int
) -> None:
    """Chats that cannot be claimed or released do not delay others and are resumed at the next check."""
    handled: list[int] = []
    damaged = [StoreError("The store cannot be used: it is damaged.")] * MAX_WORKERS
    inbox = Inbox(faulty(store, **{call: damaged}), noting(store, handled), key)
    updates = [update(10 * chat + number, chat) for chat in range(MAX_WORKERS + 1) for number in range(2)]

    await inbox.receive_updates(updates)
    await inbox.wait_until_idle()
    first = len(handled)
    await inbox.resume_pending()
    await inbox.wait_until_idle()

    assert first == before
    assert sorted(handled) == [raw["update_id"] for raw in updates]
    assert caplog.messages == ["a chat waits: The store cannot be used: it is damaged."] * MAX_WORKERS


async def test_new_update_resumes_a_chat_that_failed(store: Store) -> None:
    """An update that arrives while claiming its chat fails does not wait until the next check."""
    handled: list[int] = []
    failing, proceed = threading.Event(), threading.Event()

    def fault() -> Iterator[StoreError]:
        failing.set()
        proceed.wait(10)
        yield StoreError("The store cannot be used: it is damaged.")

    inbox = Inbox(faulty(store, claim_update=fault()), noting(store, handled), key)
    await inbox.receive_updates([update(1, 10)])
    await asyncio.to_thread(failing.wait, 10)
    await inbox.receive_updates([update(2, 10)])
    proceed.set()
    await inbox.wait_until_idle()

    assert handled == [1, 2]
