"""The store as a file: what a backup contains, and why one is refused."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import SqliteDatabase, Store
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
from tests.bot.store.sqlite.test_restore import filled
from tests.bot.store.test_personal_data import ADA, full
from tests.conftest import Clock
from tests.support.tables import of_file

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture


@pytest.fixture
def store(embedded: Store) -> Store:
    """A store that is a file."""
    return embedded


@pytest.fixture
def hawaii(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine ten hours behind UTC."""
    monkeypatch.setenv("TZ", "HST10")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_backup_says_what_it_holds(full: Store, tmp_path: Path, clock: Clock) -> None:
    """A backup lists each kind of data with rows and dates, and when to delete it; restoring omits that list."""
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    parts = describe_backup(tmp_path / "copy.db", clock(), 180)
    said = summary_text(parts, clock(), 180)
    inside = {row["kind"]: row for row in of_file(tmp_path / "copy.db")["about_backup"]}
    restore_store(tmp_path / "copy.db", tmp_path / "again.db")

    assert {part.table: part.row_count for part in parts} == {
        name: len(found) for name, found in full.erasure.load_personal_data(ADA).items()
    }  # all there is, is about Ada
    first, *lines, last = said.splitlines()
    assert first == "It holds personal data: keep it as safe as the store."
    assert "        1  questions   2027-01-15 to 2027-01-15" in lines
    assert "        1  threads   " in lines  # of which no time is kept
    assert len(lines) == len([part for part in parts if part.row_count])
    assert last == (
        "Data of people who ask for deletion from now on remain in it. Delete it by 2027-07-14 at the latest."
    )
    assert inside["questions"] == {
        "kind": "questions", "holds": DATA_CATALOGUE["questions"].description, "rows": 1,
        "oldest": "2027-01-15", "newest": "2027-01-15",
    }  # fmt: skip
    assert (inside["threads"]["oldest"], inside["threads"]["newest"]) == ("", "")
    assert inside["keep_until"] == {
        "kind": "keep_until", "holds": "", "rows": 0, "oldest": "", "newest": "2027-07-14",
    }  # fmt: skip
    made = {"kind": "made", "rows": 0, "oldest": "2027-01-15", "newest": "2027-01-15"}
    assert inside["made"] == made | {"holds": inside["made"]["holds"]}
    assert "asks for deletion" in inside["made"]["holds"]
    days = {part.table: part.oldest for part in parts if part.row_count}
    assert {name: days[name] for name in ("states", "inbox")} == {"states": clock(), "inbox": clock()}


def test_days_of_a_backup_are_those_of_utc(full: Store, tmp_path: Path, clock: Clock, hawaii: None) -> None:
    """A backup names the same dates in whichever time zone it is made."""
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    assert "2027-01-15 to 2027-01-15" in summary_text(
        describe_backup(tmp_path / "copy.db", clock(), 180), clock(), 180
    )


def test_its_folder_is_made(tmp_path: Path, clock: Clock) -> None:
    """The folder of a new store is created."""
    Store(SqliteDatabase(tmp_path / "new" / "own" / "s.db", clock)).close()

    assert (tmp_path / "new" / "own" / "s.db").exists()


def test_whether_a_program_has_it_open(tmp_path: Path, store: Store) -> None:
    """A store that a program has open is distinguished from a closed one, and from none."""
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


def test_backup_that_cannot_be_described(tmp_path: Path, clock: Clock) -> None:
    """A file that is not a store cannot be described, and the error names it."""
    (tmp_path / "copy.db").write_bytes(b"no store at all")

    with pytest.raises(StoreError, match=r"copy\.db could not be described"):
        describe_backup(tmp_path / "copy.db", clock(), 180)


def test_backup_without_a_store(tmp_path: Path, clock: Clock) -> None:
    """If there is nothing to copy, or the file exists, the error says which, and nothing is written."""
    with pytest.raises(StoreError, match=r"There is no store .*bot\.db"):
        backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    filled(tmp_path / "bot.db", clock)
    (tmp_path / "copy.db").write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"copy\.db exists already"):
        backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_restore_without_a_backup(tmp_path: Path, clock: Clock) -> None:
    """The error names a missing backup; the store is unchanged."""
    filled(tmp_path / "bot.db", clock)
    before = (tmp_path / "bot.db").read_bytes()

    with pytest.raises(StoreError, match=r"There is no file .*copy\.db"):
        restore_store(tmp_path / "copy.db", tmp_path / "bot.db")

    assert (tmp_path / "bot.db").read_bytes() == before


def test_restore_over_a_folder(tmp_path: Path, clock: Clock) -> None:
    """If a folder has the store's name the restore fails, and leaves nothing behind."""
    copy = filled(tmp_path / "copy.db", clock)
    (tmp_path / "bot.db").mkdir()

    with pytest.raises(StoreError, match=r"could not be restored as .*bot\.db"):
        restore_store(copy, tmp_path / "bot.db")

    assert [path.name for path in tmp_path.iterdir() if "restoring" in path.name] == []


def test_log_that_cannot_be_opened_is_set_aside(tmp_path: Path, clock: Clock) -> None:
    """An unreadable file in place of the store's log is kept with the old store, not left to the restored one."""
    copy, store = filled(tmp_path / "copy.db", clock), filled(tmp_path / "bot.db", clock)
    (tmp_path / "bot.db-wal").mkdir()

    kept = restore_store(copy, store)

    assert kept == tmp_path / "bot.db.before-1"
    assert (tmp_path / "bot.db.before-1-wal").is_dir()
    assert not (tmp_path / "bot.db-wal").exists()


def test_files_beside_a_store_overwrite_nothing(tmp_path: Path, clock: Clock) -> None:
    """Each restore keeps the previous store under a new name; the newest rescued one is found."""
    copy, store = filled(tmp_path / "copy.db", clock), filled(tmp_path / "bot.db", clock)

    kept = [restore_store(copy, store), restore_store(copy, store)]

    assert kept == [tmp_path / "bot.db.before-1", tmp_path / "bot.db.before-2"]
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
    """A file that appears under the copy's name at that moment is not overwritten."""
    store = filled(tmp_path / "bot.db", clock)
    (tmp_path / "copy.db").write_bytes(b"mine")

    with closing(sqlite3.connect(store)) as source, pytest.raises(FileExistsError):
        copy_database(source, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_restore_into_a_new_folder(tmp_path: Path, clock: Clock) -> None:
    """A missing folder of the store is created, with its parents."""
    copy = filled(tmp_path / "copy.db", clock)

    assert restore_store(copy, tmp_path / "new" / "own" / "bot.db") is None

    again = Store(SqliteDatabase(tmp_path / "new" / "own" / "bot.db", clock))
    assert again.outbox.count_queued_calls() == 1
    again.close()


def test_another_database_is_no_store(tmp_path: Path) -> None:
    """A database with other tables is refused, and named."""
    with closing(sqlite3.connect(tmp_path / "copy.db")) as file:
        file.execute("CREATE TABLE inbox (update_id)")

    with pytest.raises(
        StoreError, match=r"copy\.db is not a complete store of this bot: it has no plain table _sqlite_migrations"
    ):
        restore_store(tmp_path / "copy.db", tmp_path / "bot.db")
