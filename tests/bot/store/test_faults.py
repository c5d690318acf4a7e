"""The store when its disk, its file or another program fails: clear errors, and nothing half done."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.errors import StoreError, StoreGone, StoreUnavailable
from bot.pipeline.inbox import Inbox
from bot.pipeline.outbox import CallResult, Outbox, Sent
from bot.store import OutgoingCall, Store
from bot.store.sqlite.backup import backup_store, restore_store
from bot.store.sqlite.database import SqliteDatabase
from tests.bot.store.test_store import finish, say
from tests.conftest import Clock
from tests.support.disk import Disk, small_disk
from tests.support.logged import logged
from tests.support.queues import api_call, texts

pytestmark = pytest.mark.durability

YEAR = 365 * 86_400.0


@pytest.fixture
def store(embedded: Store) -> Store:
    """A store in SQLite only."""
    return embedded


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk that can be filled and made read-only."""
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


def test_full_disk(disk: Disk, clock: Clock) -> None:
    """On a full disk nothing of an update is kept and the error says what to do; once there is space, it works."""
    store = Store(SqliteDatabase(disk.folder / "bot.db", clock))
    disk.fill()

    with pytest.raises(StoreUnavailable, match="The disk is full: free some space"):
        store.inbox.add_updates([(1, "10", "{}" + " " * 9_000)])
    with pytest.raises(StoreUnavailable):
        store.database.check_writable()
    disk.free()

    assert store.inbox.pending_updates() == []
    assert finish(store, say(10, "a"))
    store.close()


def test_full_disk_at_the_start(disk: Disk, clock: Clock) -> None:
    """The error says so if a store cannot be opened for lack of space, even if SQLite reports a disk error."""
    Store(SqliteDatabase(disk.folder / "bot.db", clock)).close()
    disk.fill()

    with pytest.raises(StoreError, match=r"cannot be opened: database or disk is full\. The disk is full: free some"):
        Store(SqliteDatabase(disk.folder / "bot.db", clock))


def test_full_disk_leaves_no_half_backup(disk: Disk, clock: Clock, tmp_path: Path) -> None:
    """A backup that does not fit gives a clear error, and leaves nothing that looks like a backup."""
    store = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    finish(store, say(10, "a"))
    disk.fill()

    with pytest.raises(StoreError, match="could not be copied"):
        backup_store(tmp_path / "bot.db", disk.folder / "copy.db")

    assert not (disk.folder / "copy.db").exists()
    store.close()


def test_read_only_disk(disk: Disk, clock: Clock) -> None:
    """A store on a disk that became read-only is refused at the start, with the reason."""
    Store(SqliteDatabase(disk.folder / "bot.db", clock)).close()
    disk.lock()

    with pytest.raises(StoreError, match=r"(?i)read-only"):
        Store(SqliteDatabase(disk.folder / "bot.db", clock))


def test_backup_on_a_read_only_disk_is_restored(disk: Disk, clock: Clock, tmp_path: Path) -> None:
    """A backup is one file, and can be restored from a read-only disk."""
    store = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    finish(store, say(10, "a"))
    store.close()
    backup_store(tmp_path / "bot.db", disk.folder / "copy.db")
    disk.lock()

    assert [path.name for path in disk.folder.iterdir()] == ["copy.db"]
    assert restore_store(disk.folder / "copy.db", tmp_path / "again.db") is None

    restored = Store(SqliteDatabase(tmp_path / "again.db", clock))
    assert restored.outbox.count_queued_calls() == 1
    restored.close()


def test_file_locked_by_another_program(tmp_path: Path, clock: Clock) -> None:
    """While another program locks the file, a call raises an error that says so, and afterwards it works."""
    store = Store(SqliteDatabase(tmp_path / "bot.db", clock, lock_timeout=0.05))
    other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="Another program holds the file"):
        store.inbox.add_updates([(1, "10", "{}")])
    other.execute("ROLLBACK")
    other.close()

    assert store.inbox.add_updates([(1, "10", "{}")]) == [1]
    store.close()


def test_two_programs_at_once(tmp_path: Path, clock: Clock) -> None:
    """Two programs can read and write one file at the same time, and wait for each other."""
    stores = [Store(SqliteDatabase(tmp_path / "bot.db", clock)) for _ in range(2)]

    def work(store: Store) -> None:
        for update in range(200):
            store.database.check_writable()
            store.apply([say(update, "a")], ())

    with ThreadPoolExecutor() as pool:
        list(pool.map(work, stores))

    assert stores[0].outbox.count_queued_calls() == 400
    for store in stores:
        store.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_store_deleted_while_in_use(tmp_path: Path, clock: Clock, replaced: bool) -> None:
    """A store whose file is deleted or replaced is rescued, no longer written to, and restored by one command."""
    path = tmp_path / "bot.db"
    store = Store(SqliteDatabase(path, clock))
    finish(store, say(10, "a"))
    for file in tmp_path.glob("bot.db*"):
        file.unlink()
    if replaced:
        Store(SqliteDatabase(path, clock)).close()

    with pytest.raises(StoreGone, match=r"gwbot restore .*bot\.db\.rescued-1") as first:
        store.outbox.due_calls(clock())
    with pytest.raises(StoreGone) as second:
        finish(store, say(10, "b"), update=2)
    store.close()

    assert str(first.value) == str(second.value)
    assert os.stat(tmp_path / "bot.db.rescued-1").st_mode & 0o077 == 0
    restore_store(tmp_path / "bot.db.rescued-1", path)
    restored = Store(SqliteDatabase(path, clock))
    assert texts(restored.outbox.due_calls(clock())) == ["a"]
    restored.close()


def test_deleted_store_is_not_replaced_by_an_empty_one(tmp_path: Path, clock: Clock) -> None:
    """After a store was deleted under the bot, a restart does not create an empty one."""
    store = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    (tmp_path / "bot.db").unlink()
    with pytest.raises(StoreGone):
        store.database.check_writable()
    store.close()

    with pytest.raises(StoreError, match="is missing; its data are in"):
        Store(SqliteDatabase(tmp_path / "bot.db", clock))

    assert not (tmp_path / "bot.db").exists()


def test_clock_that_was_ahead(store: Store, clock: Clock) -> None:
    """A call postponed while the clock was a year ahead is due once the clock is corrected."""
    finish(store, say(10, "a"))
    clock.now += YEAR
    store.outbox.postpone_call(store.outbox.due_calls(clock())[0].id, clock() + 60)
    clock.now -= YEAR

    assert texts(store.outbox.due_calls(clock())) == ["a"]


def test_check_writes_nothing(tmp_path: Path, store: Store) -> None:
    """Checking that the store is writable changes nothing."""
    finish(store, say(10, "a"))
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        before = list(connection.iterdump())
        store.database.check_writable()

        assert list(connection.iterdump()) == before


async def test_sent_message_is_not_sent_again(disk: Disk, clock: Clock) -> None:
    """A message that Telegram accepted while the disk filled up is recorded once there is space, and sent once."""
    store, both = Store(SqliteDatabase(disk.folder / "bot.db", clock)), asyncio.Event()
    sent: list[str] = []
    finish(store, say(10, "a"), say(10, "b"))

    async def call(outgoing: OutgoingCall) -> CallResult:
        sent.append(api_call(outgoing).params["text"])
        if len(sent) == 1:
            disk.fill()
        else:
            both.set()
        return Sent(len(sent))

    with logged() as log:
        sending = asyncio.create_task(Outbox(store, call, clock).run())
        await log.until("one chat waits: ")
        disk.free()
        await asyncio.wait_for(both.wait(), 20)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    waiting = store.outbox.count_queued_calls()
    store.close()

    assert sent == ["a", "b"]
    assert waiting == 0


async def test_update_waits_for_the_store(disk: Disk, clock: Clock) -> None:
    """An update whose outcome cannot be written is handled again once there is space, before later ones."""
    store = Store(SqliteDatabase(disk.folder / "bot.db", clock))
    tried: list[int] = []
    done: list[int] = []

    def handle(update_id: int, raw: dict[str, Any]) -> None:
        if not tried:
            tried.append(update_id)
            disk.fill()
        store.finish_update(update_id, None, None, [say(10, "x" * 9_000)], ())
        done.append(update_id)

    inbox = Inbox(store, handle, lambda raw: "10")
    with logged() as log:
        await inbox.receive_updates([{"update_id": 1}, {"update_id": 2}])
        await log.until("a chat waits: ")
        disk.free()
        await inbox.wait_until_idle()
    store.close()

    assert done == [1, 2]


def test_store_deleted_with_its_folder(tmp_path: Path, clock: Clock) -> None:
    """If even the folder is gone, the error says that nothing could be rescued."""
    store = Store(SqliteDatabase(tmp_path / "own" / "bot.db", clock))
    shutil.rmtree(tmp_path / "own")

    with pytest.raises(StoreGone, match="could not be saved"):
        store.database.check_writable()
    store.close()
