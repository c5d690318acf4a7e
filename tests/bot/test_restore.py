"""Backups, restoring them, and stores of older and newer versions."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.errors import StoreError
from bot.store import SqliteStore
from bot.store.files import backup, restore
from bot.store.migrations import migrations
from tests.bot.test_store import finish, say
from tests.conftest import Clock


def filled(path: Path, clock: Clock) -> Path:
    """A closed store with one message waiting."""
    store = SqliteStore(path, clock)
    finish(store, say(10, "a"))
    store.close()
    return path


def test_store_in_use_is_not_replaced(tmp_path: Path, clock: Clock) -> None:
    """While the bot runs nothing is restored; the store stays as it is."""
    running = SqliteStore(tmp_path / "bot.db", clock)
    finish(running, say(10, "a"), say(11, "b"))
    copy = filled(tmp_path / "copy.db", clock)

    with pytest.raises(StoreError, match="Stop the bot first"):
        restore(copy, tmp_path / "bot.db")

    assert running.waiting() == 2
    assert {path.name for path in tmp_path.iterdir()} == {"bot.db", "bot.db-wal", "bot.db-shm", "copy.db"}
    running.close()


def test_damaged_store_is_replaced_and_kept(tmp_path: Path, clock: Clock) -> None:
    """A damaged store, for which one restores, is kept as it is and replaced."""
    copy = filled(tmp_path / "copy.db", clock)
    (tmp_path / "bot.db").write_bytes(b"damaged")

    kept = restore(copy, tmp_path / "bot.db")

    assert kept is not None
    assert kept.read_bytes() == b"damaged"
    again = SqliteStore(tmp_path / "bot.db", clock)
    assert again.waiting() == 1
    again.close()


@pytest.mark.parametrize("harm", ["cut", "foreign", "newer", "torn"])
def test_what_is_no_good_backup_changes_nothing(tmp_path: Path, clock: Clock, harm: str) -> None:
    """A cut, torn, foreign or newer file is refused before anything is replaced."""
    copy, store = filled(tmp_path / "copy.db", clock), filled(tmp_path / "bot.db", clock)
    before = store.read_bytes()
    if harm == "cut":
        copy.write_bytes(copy.read_bytes()[:20_000])
    elif harm == "torn":
        content = bytearray(copy.read_bytes())
        content[4_096 * 3 : 4_096 * 9] = bytes(4_096 * 6)
        copy.write_bytes(content)
    else:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            if harm == "foreign":
                connection.execute("DROP TABLE inbox")
            else:
                row = (
                    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('bot', '9999_new', '')"
                )
                connection.execute(row)

    with pytest.raises(StoreError):
        restore(copy, store)

    assert store.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"bot.db", "copy.db"}


def test_log_of_a_backup_counts(tmp_path: Path, clock: Clock) -> None:
    """Of a copy that was made by hand, file and log, the log is read as well, and neither is changed."""
    running = sqlite3.connect(filled(tmp_path / "bot.db", clock), isolation_level=None)
    running.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('bot', '9999_new', '')")
    for name in ("bot.db", "bot.db-wal"):
        (tmp_path / name.replace("bot", "copy")).write_bytes((tmp_path / name).read_bytes())
    before = (tmp_path / "copy.db").read_bytes()

    with pytest.raises(StoreError, match=r"/copy\.db was written by a newer version"):
        restore(tmp_path / "copy.db", tmp_path / "again.db")
    running.close()

    assert (tmp_path / "copy.db").read_bytes() == before
    assert (tmp_path / "copy.db-wal").exists()


def test_store_of_a_newer_version_is_refused(tmp_path: Path, clock: Clock) -> None:
    """A store that a newer version wrote is not touched, and the error says what to do."""
    path = filled(tmp_path / "bot.db", clock)
    with closing(Database(path)) as newer:
        newer.table("_sqlite_migrations").insert({"migration_set": "bot", "name": "9999_new", "applied_at": ""})

    with pytest.raises(
        StoreError, match=r"bot\.db was written by a newer version of this program \(it knows 9999_new"
    ):
        SqliteStore(path, clock)


def test_migration_keeps_the_store_before(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Before a step of the schema the store is copied beside it, as it was; a second start copies nothing."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0003_selfcheck")

    SqliteStore(path, clock).close()
    SqliteStore(path, clock).close()

    (kept,) = tmp_path.glob("bot.db.before-*")
    assert kept.name == "bot.db.before-0003_selfcheck-1"
    assert [said for said in caplog.messages if said.endswith(f" kept as {kept}")] == caplog.messages != []
    with closing(Database(kept)) as old:
        assert "checks" not in old.table_names()
        assert len(migrations.applied(old)) == 2


def test_new_store_needs_no_copy(tmp_path: Path, clock: Clock) -> None:
    """A fresh store is made without a copy of nothing, and for its owner only."""
    SqliteStore(tmp_path / "bot.db", clock).close()

    assert {path.name for path in tmp_path.iterdir()} == {"bot.db"}
    assert (tmp_path / "bot.db").stat().st_mode & 0o077 == 0


def test_backup_is_for_its_owner_only(tmp_path: Path, clock: Clock) -> None:
    """A backup holds personal data: nobody else on the machine may read it."""
    backup(filled(tmp_path / "bot.db", clock), tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
