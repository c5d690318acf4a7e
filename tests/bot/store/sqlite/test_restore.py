"""Backups, restoring them, and stores of older and newer versions."""

import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.domain.absence import Absence
from bot.domain.effects import SaveAbsence, SaveMailbox, ShareSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.mail_answer import Mailbox
from bot.errors import StoreError
from bot.store import Store
from bot.store.records import EraseThread, ErasureReason, RequestMailDeletion
from bot.store.sqlite.backup import backup_store, restore_store
from bot.store.sqlite.database import SqliteDatabase
from bot.store.sqlite.schema import MIGRATIONS, migrations
from tests.bot.store.test_personal_data import BEA, DESK, OUTGOING, apply_update, full
from tests.bot.store.test_store import finish, say
from tests.conftest import Clock
from tests.support.command_line import gwbot
from tests.support.tables import tables

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture
STEPS = list(MIGRATIONS)


@pytest.fixture
def store(embedded: Store) -> Store:
    """A store in SQLite only."""
    return embedded


def create_store(path: Path, clock: Clock) -> Path:
    """Create a store with one queued message, close it, and return its path."""
    store = Store(SqliteDatabase(path, clock))
    finish(store, say(10, "a"))
    store.close()
    return path


def test_store_in_use_is_not_replaced(tmp_path: Path, clock: Clock) -> None:
    """While the bot runs, a restore is rejected and the store unchanged."""
    running = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    finish(running, say(10, "a"), say(11, "b"))
    copy = create_store(tmp_path / "copy.db", clock)

    with pytest.raises(StoreError, match="Stop the bot first"):
        restore_store(copy, tmp_path / "bot.db")

    assert running.outbox.count_queued_calls() == 2
    assert {path.name for path in tmp_path.iterdir()} == {"bot.db", "bot.db-wal", "bot.db-shm", "copy.db"}
    running.close()


def test_damaged_store_is_replaced_and_kept(tmp_path: Path, clock: Clock) -> None:
    """A damaged store is replaced, and kept under another name."""
    copy = create_store(tmp_path / "copy.db", clock)
    (tmp_path / "bot.db").write_bytes(b"damaged")

    previous = restore_store(copy, tmp_path / "bot.db")

    assert previous is not None
    assert previous.read_bytes() == b"damaged"
    restored = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    assert restored.outbox.count_queued_calls() == 1
    restored.close()


@pytest.mark.parametrize("damage", ["cut", "foreign", "newer", "torn"])
def test_unusable_backup_changes_nothing(tmp_path: Path, clock: Clock, damage: str) -> None:
    """A truncated, corrupt, foreign or newer backup is rejected before anything is replaced."""
    copy, store = create_store(tmp_path / "copy.db", clock), create_store(tmp_path / "bot.db", clock)
    before = store.read_bytes()
    if damage == "cut":
        copy.write_bytes(copy.read_bytes()[:20_000])
    elif damage == "torn":
        content = bytearray(copy.read_bytes())
        content[4_096 * 3 : 4_096 * 9] = bytes(4_096 * 6)
        copy.write_bytes(content)
    else:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            if damage == "foreign":
                connection.execute("DROP TABLE inbox")
            else:
                row = (
                    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('bot', '9999_new', '')"
                )
                connection.execute(row)

    with pytest.raises(StoreError):
        restore_store(copy, store)

    assert store.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"bot.db", "copy.db"}


@pytest.mark.parametrize("level", range(1, len(STEPS) + 1))
def test_backup_of_an_older_version(tmp_path: Path, clock: Clock, level: int) -> None:
    """A backup of any earlier version is accepted and migrated while it is restored, without another copy."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        migrations.apply(Database(connection), stop_before=STEPS[level:][:1])
        connection.execute("INSERT INTO states VALUES ('10', 10, '{\"lang\": \"en\"}', 1.0)")
        connection.execute("INSERT INTO inbox VALUES (7, '10', '{}', 1.0, 0)")
        if level == 1:
            row = ("AAAA-BBBB", 10, 10, "Ada", "Wir suchen Rat.", "de", "open", "v1", "2026-01-02T03:04:05+00:00")
            connection.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    restore_store(tmp_path / "old.db", tmp_path / "bot.db")

    store = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    assert store.users.load_state("10").lang == "en"
    assert store.inbox.pending_updates() == [(7, "10")]
    assert [request.details.concern for request in store.requests.all_requests()] == ["Wir suchen Rat."] * (
        level == 1
    )
    assert {path.name for path in tmp_path.iterdir()} >= {"old.db", "bot.db"}
    assert list(tmp_path.glob("bot.db.before-*")) == []
    store.close()


def test_row_that_cannot_be_migrated(tmp_path: Path) -> None:
    """A backup with a row that cannot be migrated is rejected by name."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        migrations.apply(Database(connection), stop_before=STEPS[1])
        connection.execute("INSERT INTO requests (reference, created) VALUES ('AAAA-BBBB', 'gestern')")

    message = r"/old\.db is not a store of this bot, or cannot be copied: NOT NULL.*requests"
    with pytest.raises(StoreError, match=message):
        restore_store(tmp_path / "old.db", tmp_path / "bot.db")

    assert {path.name for path in tmp_path.iterdir()} == {"old.db"}


def test_everything_is_restored(full: Store, tmp_path: Path, clock: Clock) -> None:
    """Every row of every table is restored unchanged."""
    full.outbox.record_group_call(-5, clock())
    full.outbox.migrate_chat(7, 8)
    full.apply((), [SaveMailbox(Mailbox("a", 1, 2)), SaveAbsence(Absence(date(2030, 8, 3), date(2030, 8, 17)))])
    for user in (BEA, BEA + 1):
        apply_update(full, Event(user, EventKind.BUTTON, user, user, 1), ShareSelfCheck({"vision": 3}, "ABCDEF"))
    before = tables(full)
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    restore_store(tmp_path / "copy.db", tmp_path / "again.db")

    assert min(len(rows) for rows in before.values()) == 1  # no table is empty
    with closing(Store(SqliteDatabase(tmp_path / "again.db", clock))) as restored:
        assert tables(restored) == before


@pytest.mark.parametrize("send_waiting", [True, False])
def test_waiting_calls_are_restored_or_dropped(full: Store, tmp_path: Path, clock: Clock, send_waiting: bool) -> None:
    """The caller decides whether waiting updates and calls are restored; erasures in the adviser chat always are."""
    full.apply(
        [
            EraseThread(DESK, "OLD-2345", ErasureReason.RETENTION),
            RequestMailDeletion("OLD-2345", ""),
        ],
        (),
    )
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    counts: list[int] = []

    def decide(waiting: int) -> bool:
        counts.append(waiting)
        return send_waiting

    restore_store(tmp_path / "copy.db", tmp_path / "again.db", decide)

    assert counts == [len(OUTGOING) + 1]  # the calls and one update
    with closing(Store(SqliteDatabase(tmp_path / "again.db", clock))) as store:
        assert store.outbox.count_queued_calls() == 2 + len(OUTGOING) * send_waiting
        assert store.inbox.count_pending_updates() == send_waiting
        assert {row["params"] for row in tables(store)["outbox"] if row["status"] == "failed"} <= {"{}"}
        assert [row["update_id"] for row in tables(store)["inbox"]] == [1, 90]  # so neither is handled twice


def test_restore_does_not_ask_if_nothing_waits(tmp_path: Path, clock: Clock) -> None:
    """A backup without waiting updates and calls is restored without asking."""
    Store(SqliteDatabase(tmp_path / "bot.db", clock)).close()
    counts: list[int] = []

    def decide(waiting: int) -> bool:
        counts.append(waiting)
        return False

    restore_store(tmp_path / "bot.db", tmp_path / "again.db", decide)

    assert counts == []


@pytest.mark.parametrize(
    ("options", "text", "waiting"),
    [((), "They are dropped", 0), (("--drop-waiting",), "They are dropped", 0), (("--send-waiting",), "when it", 1)],
)
def test_command_reports_what_was_waiting(
    tmp_path: Path, clock: Clock, options: tuple[str, ...], text: str, waiting: int
) -> None:
    """The command reports how much was waiting in the backup, and whether it is sent or, by default, dropped."""
    copy = create_store(tmp_path / "copy.db", clock)

    result = gwbot("restore", *options, str(copy), folder=tmp_path)

    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if " waited to be " in line]
    assert line.startswith(f"1 message waited to be answered or sent when {copy} was made. ")
    assert text in line
    with closing(Store(SqliteDatabase(tmp_path / "bot.db", clock))) as store:
        assert store.outbox.count_queued_calls() == waiting


@pytest.mark.parametrize(("answer", "waiting"), [("y", 1), ("n", 0), ("", 0)])
def test_command_asks_in_a_terminal(tmp_path: Path, clock: Clock, answer: str, waiting: int) -> None:
    """In a terminal the command asks whether to send what was waiting, and Return means no."""
    copy = create_store(tmp_path / "copy.db", clock)
    terminal, stdin = os.openpty()
    os.write(terminal, f"{answer}\n".encode())

    with open(stdin, encoding="utf-8") as file:
        result = gwbot("restore", str(copy), folder=tmp_path, stdin=file)
    os.close(terminal)

    assert result.returncode == 0, result.stderr
    assert "for the second time? [y/N]" in result.stdout
    with closing(Store(SqliteDatabase(tmp_path / "bot.db", clock))) as store:
        assert store.outbox.count_queued_calls() == waiting


def test_log_of_a_backup_is_read(tmp_path: Path, clock: Clock) -> None:
    """The write-ahead log of a store copied by hand is read as well, and neither file is changed."""
    running = sqlite3.connect(create_store(tmp_path / "bot.db", clock), isolation_level=None)
    running.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('bot', '9999_new', '')")
    for name in ("bot.db", "bot.db-wal"):
        (tmp_path / name.replace("bot", "copy")).write_bytes((tmp_path / name).read_bytes())
    before = (tmp_path / "copy.db").read_bytes()

    with pytest.raises(StoreError, match=r"/copy\.db was written by a newer version"):
        restore_store(tmp_path / "copy.db", tmp_path / "again.db")
    running.close()

    assert (tmp_path / "copy.db").read_bytes() == before
    assert (tmp_path / "copy.db-wal").exists()


def test_store_of_a_newer_version_is_rejected(tmp_path: Path, clock: Clock) -> None:
    """A store of a newer version is rejected and left unchanged."""
    path = create_store(tmp_path / "bot.db", clock)
    with closing(Database(path)) as newer:
        newer.table("_sqlite_migrations").insert({"migration_set": "bot", "name": "9999_new", "applied_at": ""})

    with pytest.raises(
        StoreError, match=r"bot\.db was written by a newer version of this program \(it has the steps 9999_new"
    ):
        Store(SqliteDatabase(path, clock))


def test_migration_keeps_a_copy(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Before a migration the store is copied next to itself, and a second start copies nothing."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0003_selfcheck")

    Store(SqliteDatabase(path, clock)).close()
    Store(SqliteDatabase(path, clock)).close()

    (previous,) = tmp_path.glob("bot.db.before-*")
    assert previous.name == "bot.db.before-0003_selfcheck-1"
    assert caplog.messages == [f"upgrading the schema of the store; a copy from before is in {previous}"]
    with closing(Database(previous)) as old:
        assert "checks" not in old.table_names()
        assert len(migrations.applied(old)) == 2


def test_new_store_needs_no_copy(tmp_path: Path, clock: Clock) -> None:
    """A new store is created without a copy, and only its owner can read it."""
    Store(SqliteDatabase(tmp_path / "bot.db", clock)).close()

    assert {path.name for path in tmp_path.iterdir()} == {"bot.db"}
    assert (tmp_path / "bot.db").stat().st_mode & 0o077 == 0


def test_backup_is_readable_by_its_owner_only(tmp_path: Path, clock: Clock) -> None:
    """Only its owner can read a backup, since it contains personal data."""
    backup_store(create_store(tmp_path / "bot.db", clock), tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
