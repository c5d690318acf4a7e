"""The store as a file: what a backup holds, and why one is refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import SqliteStore
from bot.store.about import describe, spoken
from bot.store.files import backup, free_name, rescued, restore
from tests.bot.test_held import ADA, full, rows
from tests.bot.test_restore import filled
from tests.conftest import Clock

__all__ = ["full"]  # a fixture


def test_backup_says_what_it_holds(full: SqliteStore, tmp_path: Path, clock: Clock) -> None:
    """A backup names each kind with rows and days, and until when to keep it; restoring leaves that out."""
    backup(tmp_path / "bot.db", tmp_path / "copy.db")
    parts = describe(tmp_path / "copy.db", clock(), 180)
    said = spoken(parts, clock(), 180)
    inside = {row["kind"]: row for row in rows(tmp_path / "copy.db")["about_backup"]}
    restore(tmp_path / "copy.db", tmp_path / "again.db")

    assert {part.kind: part.rows for part in parts} == {
        name: len(found) for name, found in full.person(ADA).items()
    }  # all there is, is about Ada
    assert "1  questions   2027-01-15 to 2027-01-15" in said
    assert "Delete it by 2027-07-14" in said
    assert (inside["questions"]["rows"], inside["keep_until"]["newest"]) == (1, "2027-07-14")
    assert "asks for deletion" in inside["made"]["holds"]
    assert "about_backup" not in rows(tmp_path / "again.db")


def test_backup_of_an_empty_store(tmp_path: Path, store: SqliteStore, clock: Clock) -> None:
    """A backup in which there is nobody says so."""
    assert store.newest() is None
    backup(tmp_path / "bot.db", tmp_path / "copy.db")

    assert "nothing about anybody yet" in spoken(describe(tmp_path / "copy.db", clock(), 180), clock(), 180)


def test_backup_that_cannot_be_described(tmp_path: Path, clock: Clock) -> None:
    """What is no store cannot be described, and the file is named."""
    (tmp_path / "copy.db").write_bytes(b"no store at all")

    with pytest.raises(StoreError, match=r"copy\.db could not be described"):
        describe(tmp_path / "copy.db", clock(), 180)


def test_backup_without_a_store(tmp_path: Path, clock: Clock) -> None:
    """Where there is nothing to copy, or a file stands in the way, the error says which, and nothing is written."""
    with pytest.raises(StoreError, match=r"There is no store .*bot\.db"):
        backup(tmp_path / "bot.db", tmp_path / "copy.db")
    filled(tmp_path / "bot.db", clock)
    (tmp_path / "copy.db").write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"copy\.db exists already"):
        backup(tmp_path / "bot.db", tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_restore_without_a_backup(tmp_path: Path, clock: Clock) -> None:
    """A backup that is not there is named; the store stays."""
    filled(tmp_path / "bot.db", clock)
    before = (tmp_path / "bot.db").read_bytes()

    with pytest.raises(StoreError, match=r"There is no file .*copy\.db"):
        restore(tmp_path / "copy.db", tmp_path / "bot.db")

    assert (tmp_path / "bot.db").read_bytes() == before


def test_restore_over_a_folder(tmp_path: Path, clock: Clock) -> None:
    """Where a folder has the store's name the restore ends in an error, and leaves nothing behind."""
    copy = filled(tmp_path / "copy.db", clock)
    (tmp_path / "bot.db").mkdir()

    with pytest.raises(StoreError, match=r"could not be restored as .*bot\.db"):
        restore(copy, tmp_path / "bot.db")

    assert [path.name for path in tmp_path.iterdir() if "restoring" in path.name] == []


def test_restore_refuses_code(tmp_path: Path, clock: Clock) -> None:
    """A file with a trigger, which would run by itself, is refused."""
    copy = filled(tmp_path / "copy.db", clock)
    with closing(sqlite3.connect(copy)) as file:
        file.execute("CREATE TRIGGER evil AFTER INSERT ON inbox BEGIN DELETE FROM requests; END")

    with pytest.raises(StoreError, match="triggers or views"):
        restore(copy, tmp_path / "bot.db")

    assert not (tmp_path / "bot.db").exists()


def test_log_that_cannot_be_opened_is_set_aside(tmp_path: Path, clock: Clock) -> None:
    """What cannot be read in the place of the store's log is kept with it, not left to the restored one."""
    copy, store = filled(tmp_path / "copy.db", clock), filled(tmp_path / "bot.db", clock)
    (tmp_path / "bot.db-wal").mkdir()

    kept = restore(copy, store)

    assert kept == tmp_path / "bot.db.before-1"
    assert (tmp_path / "bot.db.before-1-wal").is_dir()
    assert not (tmp_path / "bot.db-wal").exists()


def test_files_beside_a_store_overwrite_nothing(tmp_path: Path, clock: Clock) -> None:
    """Each restore keeps the store before under a name of its own; the newest rescued one is found."""
    copy, store = filled(tmp_path / "copy.db", clock), filled(tmp_path / "bot.db", clock)

    kept = [restore(copy, store), restore(copy, store)]

    assert kept == [tmp_path / "bot.db.before-1", tmp_path / "bot.db.before-2"]
    assert free_name(store, "before") == tmp_path / "bot.db.before-3"
    assert rescued(store) is None
    (tmp_path / "bot.db.rescued-1").touch()
    assert rescued(store) == tmp_path / "bot.db.rescued-1"
