"""The store as a file: what a backup contains, and why a backup or restore is rejected."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.sqlite.backup import (
    backup_store,
    copy_database,
    describe_backup,
    ensure_not_in_use,
    find_rescued,
    next_free_path,
    restore_store,
    summary_text,
)
from bot.store.sqlite.database import SqliteDatabase
from tests.bot.store.sqlite.test_restore import create_store
from tests.bot.store.test_personal_data import ADA, full
from tests.conftest import Clock
from tests.support.tables import of_file

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture


@pytest.fixture
def store(embedded: Store) -> Store:
    """A store in SQLite only."""
    return embedded


@pytest.fixture
def hawaii(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine ten hours behind UTC."""
    monkeypatch.setenv("TZ", "HST10")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_backup_lists_its_contents(full: Store, tmp_path: Path, clock: Clock) -> None:
    """A backup lists each kind of data with rows and dates, and when to delete it; a restored store does not."""
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    parts = describe_backup(tmp_path / "copy.db", clock(), 180)
    summary = summary_text(parts, clock(), 180)
    about = {row["kind"]: row for row in of_file(tmp_path / "copy.db")["about_backup"]}
    restore_store(tmp_path / "copy.db", tmp_path / "again.db")

    assert {part.table: part.row_count for part in parts} == {
        name: len(rows) for name, rows in full.erasure.load_personal_data(ADA).items()
    }  # all data in the store is about Ada
    first, *lines, last = summary.splitlines()
    assert first == "It holds personal data: keep it as safe as the store."
    assert "        1  questions   2027-01-15 to 2027-01-15" in lines
    assert "        1  threads   " in lines  # whose rows have no time
    assert len(lines) == len([part for part in parts if part.row_count])
    assert last == (
        "Data of people who ask for deletion from now on remain in it. Delete it by 2027-07-14 at the latest."
    )
    assert about["questions"] == {
        "kind": "questions", "holds": DATA_CATALOGUE["questions"].description, "rows": 1,
        "oldest": "2027-01-15", "newest": "2027-01-15",
    }  # fmt: skip
    assert (about["threads"]["oldest"], about["threads"]["newest"]) == ("", "")
    assert about["keep_until"] == {
        "kind": "keep_until", "holds": "", "rows": 0, "oldest": "", "newest": "2027-07-14",
    }  # fmt: skip
    expected = {"kind": "made", "rows": 0, "oldest": "2027-01-15", "newest": "2027-01-15"}
    assert about["made"] == expected | {"holds": about["made"]["holds"]}
    assert "asks for deletion" in about["made"]["holds"]
    oldest = {part.table: part.oldest for part in parts if part.row_count}
    assert {name: oldest[name] for name in ("states", "inbox")} == {"states": clock(), "inbox": clock()}


def test_dates_of_a_backup_are_in_utc(full: Store, tmp_path: Path, clock: Clock, hawaii: None) -> None:
    """The dates in a backup's summary are in UTC, whatever the machine's time zone."""
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    assert "2027-01-15 to 2027-01-15" in summary_text(
        describe_backup(tmp_path / "copy.db", clock(), 180), clock(), 180
    )


def test_folder_of_a_new_store_is_created(tmp_path: Path, clock: Clock) -> None:
    """The folder of a new store is created."""
    Store(SqliteDatabase(tmp_path / "new" / "own" / "s.db", clock)).close()

    assert (tmp_path / "new" / "own" / "s.db").exists()


def test_store_in_use_is_detected(tmp_path: Path, store: Store) -> None:
    """A store in use is an error, a closed one is accepted, and a missing one is reported as such."""
    with pytest.raises(StoreError, match="Stop the bot first"):
        ensure_not_in_use(tmp_path / "bot.db")
    store.close()

    assert (ensure_not_in_use(tmp_path / "bot.db"), ensure_not_in_use(tmp_path / "no.db")) == (True, False)


def test_backup_of_an_empty_store(tmp_path: Path, store: Store, clock: Clock) -> None:
    """The summary of a backup without personal data says so."""
    assert store.last_activity() is None
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    assert "\n  nothing about anybody yet\n" in summary_text(
        describe_backup(tmp_path / "copy.db", clock(), 180), clock(), 180
    )


def test_undescribable_backup_is_an_error(tmp_path: Path, clock: Clock) -> None:
    """A file that is not a store cannot be described, and the error names it."""
    (tmp_path / "copy.db").write_bytes(b"no store at all")

    with pytest.raises(StoreError, match=r"copy\.db could not be described"):
        describe_backup(tmp_path / "copy.db", clock(), 180)


def test_backup_without_a_store(tmp_path: Path, clock: Clock) -> None:
    """A backup is rejected if there is no store, the target exists or its folder does not, and nothing is written."""
    with pytest.raises(StoreError, match=r"There is no store .*bot\.db"):
        backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    create_store(tmp_path / "bot.db", clock)
    (tmp_path / "copy.db").write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"copy\.db exists already"):
        backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    with pytest.raises(StoreError, match="There is no folder"):
        backup_store(tmp_path / "bot.db", tmp_path / "none" / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"mine"
    assert not (tmp_path / "none").exists()


def test_restore_without_a_backup(tmp_path: Path, clock: Clock) -> None:
    """The error names the missing backup, and the store is unchanged."""
    create_store(tmp_path / "bot.db", clock)
    before = (tmp_path / "bot.db").read_bytes()

    with pytest.raises(StoreError, match=r"There is no file .*copy\.db"):
        restore_store(tmp_path / "copy.db", tmp_path / "bot.db")

    assert (tmp_path / "bot.db").read_bytes() == before


def test_restore_over_a_folder(tmp_path: Path, clock: Clock) -> None:
    """If the store's path is a folder, the restore fails and leaves nothing behind."""
    copy = create_store(tmp_path / "copy.db", clock)
    (tmp_path / "bot.db").mkdir()

    with pytest.raises(StoreError, match=r"could not be restored as .*bot\.db"):
        restore_store(copy, tmp_path / "bot.db")

    assert [path.name for path in tmp_path.iterdir() if "restoring" in path.name] == []


def test_unreadable_log_is_set_aside(tmp_path: Path, clock: Clock) -> None:
    """An unreadable write-ahead log is kept with the old store, not left next to the restored one."""
    copy, store = create_store(tmp_path / "copy.db", clock), create_store(tmp_path / "bot.db", clock)
    (tmp_path / "bot.db-wal").mkdir()

    previous = restore_store(copy, store)

    assert previous == tmp_path / "bot.db.before-1"
    assert (tmp_path / "bot.db.before-1-wal").is_dir()
    assert not (tmp_path / "bot.db-wal").exists()


def test_previous_stores_are_not_overwritten(tmp_path: Path, clock: Clock) -> None:
    """Each restore keeps the previous store under a new name, and the most recent rescued store is found."""
    copy, store = create_store(tmp_path / "copy.db", clock), create_store(tmp_path / "bot.db", clock)

    previous = [restore_store(copy, store), restore_store(copy, store)]

    assert previous == [tmp_path / "bot.db.before-1", tmp_path / "bot.db.before-2"]
    assert next_free_path(store, "before") == tmp_path / "bot.db.before-3"
    assert find_rescued(store) is None
    (tmp_path / "bot.db.rescued-1").touch()
    assert find_rescued(store) == tmp_path / "bot.db.rescued-1"
    for second, number in enumerate((2, 1, 3, 2)):  # whatever their names
        newest = tmp_path / f"bot.db.rescued-{number}"
        newest.touch()
        os.utime(newest, (4e9 + second, 4e9 + second))
        assert find_rescued(store) == newest


def test_copy_overwrites_nothing(tmp_path: Path, clock: Clock) -> None:
    """Copying never overwrites an existing file."""
    store = create_store(tmp_path / "bot.db", clock)
    (tmp_path / "copy.db").write_bytes(b"mine")

    with closing(sqlite3.connect(store)) as source, pytest.raises(FileExistsError):
        copy_database(source, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_restore_into_a_new_folder(tmp_path: Path, clock: Clock) -> None:
    """Restoring creates the store's folder with its parents."""
    copy = create_store(tmp_path / "copy.db", clock)

    assert restore_store(copy, tmp_path / "new" / "own" / "bot.db") is None

    restored = Store(SqliteDatabase(tmp_path / "new" / "own" / "bot.db", clock))
    assert restored.outbox.count_queued_calls() == 1
    restored.close()


def test_other_database_is_rejected(tmp_path: Path) -> None:
    """A database with other tables is rejected by name."""
    with closing(sqlite3.connect(tmp_path / "copy.db")) as file:
        file.execute("CREATE TABLE inbox (update_id)")

    with pytest.raises(
        StoreError, match=r"copy\.db is not a complete store of this bot: it has no plain table _sqlite_migrations"
    ):
        restore_store(tmp_path / "copy.db", tmp_path / "bot.db")
