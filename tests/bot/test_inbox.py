"""Durable updates in, with a real store."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.errors import StoreUnavailable
from bot.inbox import Inbox
from bot.store import SqliteStore
from tests.bot.queues import key, update


async def test_each_update_is_handled_once(store: SqliteStore) -> None:
    """Redelivered updates are handled once."""
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(number), key)

    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.receive([update(2, 10), update(3, 11)])
    await inbox.idle()

    assert sorted(handled) == [1, 2, 3]


async def test_order_per_chat(store: SqliteStore) -> None:
    """Updates of one chat are handled in the order in which they came, however many chats there are."""
    handled: list[tuple[int, int]] = []
    inbox = Inbox(store, lambda number, raw: handled.append((raw["chat"], number)), key)

    await inbox.receive([update(number, number % 7) for number in range(200)])
    await inbox.idle()

    for chat in range(7):
        numbers = [number for owner, number in handled if owner == chat]
        assert numbers == sorted(numbers)
    assert len(handled) == 200


async def test_only_the_newest(store: SqliteStore) -> None:
    """Where only the newest counts, those behind which a newer one waits are done without being handled."""
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(number), key, lambda chat: chat == "10")

    await inbox.receive([update(number, 10 + number % 2) for number in range(1, 9)])
    await inbox.idle()

    assert [number for number in handled if number % 2 == 0] == [8]
    assert [number for number in handled if number % 2] == [1, 3, 5, 7]
    assert [number for number, _ in store.pending_updates()] == [1, 3, 5, 7, 8]  # what `handled` left open


async def test_nobody_is_named_by_what_is_done(store: SqliteStore, tmp_path: Path) -> None:
    """Of an update that is done neither its text nor its chat is kept."""
    store.add_updates([(1, "inline:4711", '{"text": "Geheimnis"}')])
    store.finish(1, None, None, (), ())

    assert store.add_updates([(1, "inline:4711", "{}")]) == []
    assert store.pending_updates() == []
    with closing(sqlite3.connect(tmp_path / "bot.db")) as file:
        assert file.execute("SELECT chat, body FROM inbox").fetchall() == [("", "")]


async def test_unfinished_updates_are_taken_up_again(store: SqliteStore) -> None:
    """What was written down before a crash is handled at the next start."""
    store.add_updates([(7, "10", '{"update_id": 7, "chat": 10}')])
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(number), key)

    await inbox.resume()
    await inbox.idle()

    assert handled == [7]


async def test_update_that_fails_is_tried_again(store: SqliteStore) -> None:
    """Where an update cannot be handled now, it is tried again, and what came after it waits its turn."""
    handled: list[int] = []
    full = [True]

    def handle(number: int, raw: dict[str, Any]) -> None:
        if full.pop() if full else False:
            raise StoreUnavailable("The store cannot be used now: the disk is full.")
        handled.append(number)

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.idle()

    assert handled == [1, 2]


async def test_loud_chats_hold_up_nobody(store: SqliteStore) -> None:
    """Chats take turns: many that send hundreds of messages are not handled before those who sent one each."""
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(raw["chat"]), key)

    loud = [update(number, number % 8) for number in range(1000)]
    await inbox.receive([*loud, update(2000, 11), update(2001, 12)])
    await inbox.idle()

    assert max(handled.index(11), handled.index(12)) < 200  # far from 1,000, however the threads come to run
    assert len(handled) == 1002


async def test_one_broken_update_stops_no_other(store: SqliteStore) -> None:
    """Where the handling of an update fails, what is behind it in its chat and in others is handled all the same."""
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        if number < 5:
            raise ValueError
        handled.append(number)

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(number, 10) for number in range(1, 7)])
    await inbox.idle()

    assert handled == [5, 6]
    assert [number for number, _ in store.pending_updates()] == [1, 2, 3, 4, 5, 6]
