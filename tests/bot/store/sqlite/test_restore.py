"""Backups, restoring them, and stores of older and newer versions."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.domain.effects import ShareSelfCheck
from bot.domain.event import Event, EventKind
from bot.errors import StoreError
from bot.store import SqliteDatabase, Store
from bot.store.records import EraseThread, ErasureReason, RequestMailDeletion
from bot.store.sqlite.backup import backup_store, restore_store
from bot.store.sqlite.schema import MIGRATIONS, migrations
from tests.bot.cli.test_cli import GWBOT, gwbot
from tests.bot.store.test_personal_data import BEA, DESK, OUT, did, full
from tests.bot.store.test_store import finish, say
from tests.conftest import Clock
from tests.support.tables import tables

pytestmark = pytest.mark.durability

__all__ = ["full"]  # a fixture
STEPS = list(MIGRATIONS)


@pytest.fixture
def store(embedded: Store) -> Store:
    """A store that is a file."""
    return embedded


def filled(path: Path, clock: Clock) -> Path:
    """A closed store with one message waiting."""
    store = Store(SqliteDatabase(path, clock))
    finish(store, say(10, "a"))
    store.close()
    return path


def test_store_in_use_is_not_replaced(tmp_path: Path, clock: Clock) -> None:
    """While the bot runs a restore is refused, and the store unchanged."""
    running = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    finish(running, say(10, "a"), say(11, "b"))
    copy = filled(tmp_path / "copy.db", clock)

    with pytest.raises(StoreError, match="Stop the bot first"):
        restore_store(copy, tmp_path / "bot.db")

    assert running.outbox.count_queued_calls() == 2
    assert {path.name for path in tmp_path.iterdir()} == {"bot.db", "bot.db-wal", "bot.db-shm", "copy.db"}
    running.close()


def test_damaged_store_is_replaced_and_kept(tmp_path: Path, clock: Clock) -> None:
    """A damaged store, the reason to restore, is kept as it is and replaced."""
    copy = filled(tmp_path / "copy.db", clock)
    (tmp_path / "bot.db").write_bytes(b"damaged")

    kept = restore_store(copy, tmp_path / "bot.db")

    assert kept is not None
    assert kept.read_bytes() == b"damaged"
    again = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    assert again.outbox.count_queued_calls() == 1
    again.close()


@pytest.mark.parametrize("harm", ["cut", "foreign", "newer", "torn"])
def test_what_is_no_good_backup_changes_nothing(tmp_path: Path, clock: Clock, harm: str) -> None:
    """A truncated, corrupt, foreign or newer file is refused before anything is replaced."""
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
        restore_store(copy, store)

    assert store.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"bot.db", "copy.db"}


@pytest.mark.parametrize("level", range(1, len(STEPS) + 1))
def test_backup_of_an_older_version(tmp_path: Path, clock: Clock, level: int) -> None:
    """A backup of any earlier version is accepted and upgraded on the way, without another copy of it."""
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


def test_row_of_an_older_version_that_cannot_be_brought_up_to_date(tmp_path: Path) -> None:
    """A backup that a migration cannot read is refused, and named."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        migrations.apply(Database(connection), stop_before=STEPS[1])
        connection.execute("INSERT INTO requests (reference, created) VALUES ('AAAA-BBBB', 'gestern')")

    refusal = r"/old\.db is not a store of this bot, or cannot be copied: NOT NULL.*requests"
    with pytest.raises(StoreError, match=refusal):
        restore_store(tmp_path / "old.db", tmp_path / "bot.db")

    assert {path.name for path in tmp_path.iterdir()} == {"old.db"}


def test_everything_is_restored(full: Store, tmp_path: Path, clock: Clock) -> None:
    """Every row of every table is in the restored store, unchanged."""
    full.outbox.record_group_call(-5, clock())
    full.outbox.migrate_chat(7, 8)
    for user in (BEA, BEA + 1):
        did(full, Event(user, EventKind.BUTTON, user, user, 1), ShareSelfCheck({"vision": 3}, "ABCDEF"))
    before = tables(full)
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")

    restore_store(tmp_path / "copy.db", tmp_path / "again.db")

    assert min(len(rows) for rows in before.values()) == 1  # there is something in each table
    with closing(Store(SqliteDatabase(tmp_path / "again.db", clock))) as again:
        assert tables(again) == before


@pytest.mark.parametrize("again", [True, False])
def test_what_waited_is_done_again_or_never(full: Store, tmp_path: Path, clock: Clock, again: bool) -> None:
    """The caller gets the number of waiting items, and decides; erasures in the advisers' chat are always made."""
    full.apply(
        [
            EraseThread(DESK, "OLD-2345", ErasureReason.RETENTION),
            RequestMailDeletion("OLD-2345", ""),
        ],
        (),
    )
    backup_store(tmp_path / "bot.db", tmp_path / "copy.db")
    asked: list[int] = []

    def decide(waiting: int) -> bool:
        asked.append(waiting)
        return again

    restore_store(tmp_path / "copy.db", tmp_path / "again.db", decide)

    assert asked == [len(OUT) + 1]  # the calls, and an update
    with closing(Store(SqliteDatabase(tmp_path / "again.db", clock))) as store:
        assert store.outbox.count_queued_calls() == 2 + len(OUT) * again
        assert store.inbox.count_pending_updates() == again
        assert {row["params"] for row in tables(store)["outbox"] if row["status"] == "failed"} <= {"{}"}
        assert [row["update_id"] for row in tables(store)["inbox"]] == [1, 90]  # not taken a second time


def test_nobody_is_asked_where_nothing_waited(tmp_path: Path, clock: Clock) -> None:
    """A backup with nothing waiting is restored without asking."""
    Store(SqliteDatabase(tmp_path / "bot.db", clock)).close()
    asked: list[int] = []

    def decide(waiting: int) -> bool:
        asked.append(waiting)
        return False

    restore_store(tmp_path / "bot.db", tmp_path / "again.db", decide)

    assert asked == []


@pytest.mark.parametrize(
    ("options", "said", "waiting"),
    [((), "They are dropped", 0), (("--drop-waiting",), "They are dropped", 0), (("--send-waiting",), "when it", 1)],
)
def test_command_says_what_waited(
    tmp_path: Path, clock: Clock, options: tuple[str, ...], said: str, waiting: int
) -> None:
    """The command reports how much was waiting in the backup and what becomes of it: by default it is dropped."""
    copy = filled(tmp_path / "copy.db", clock)

    done = gwbot("restore", *options, str(copy), folder=tmp_path)

    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if " waited to be " in line]
    assert line.startswith(f"1 message waited to be answered or sent when {copy} was made. ")
    assert said in line
    with closing(Store(SqliteDatabase(tmp_path / "bot.db", clock))) as store:
        assert store.outbox.count_queued_calls() == waiting


@pytest.mark.parametrize(("answer", "waiting"), [("y", 1), ("n", 0), ("", 0)])
def test_command_asks_on_a_terminal(tmp_path: Path, clock: Clock, answer: str, waiting: int) -> None:
    """On a terminal the command asks whether to send what was waiting; the return key means no."""
    copy = filled(tmp_path / "copy.db", clock)
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())

    done = subprocess.run(
        [*GWBOT, "restore", str(copy)], stdin=theirs, capture_output=True, text=True, check=True,
        env=os.environ | {"GW_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db"},
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)

    assert "for the second time? [y/N]" in done.stdout
    with closing(Store(SqliteDatabase(tmp_path / "bot.db", clock))) as store:
        assert store.outbox.count_queued_calls() == waiting


def test_log_of_a_backup_counts(tmp_path: Path, clock: Clock) -> None:
    """The log beside a file copied by hand is read as well, and neither is changed."""
    running = sqlite3.connect(filled(tmp_path / "bot.db", clock), isolation_level=None)
    running.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('bot', '9999_new', '')")
    for name in ("bot.db", "bot.db-wal"):
        (tmp_path / name.replace("bot", "copy")).write_bytes((tmp_path / name).read_bytes())
    before = (tmp_path / "copy.db").read_bytes()

    with pytest.raises(StoreError, match=r"/copy\.db was written by a newer version"):
        restore_store(tmp_path / "copy.db", tmp_path / "again.db")
    running.close()

    assert (tmp_path / "copy.db").read_bytes() == before
    assert (tmp_path / "copy.db-wal").exists()


def test_store_of_a_newer_version_is_refused(tmp_path: Path, clock: Clock) -> None:
    """A store of a newer version is left untouched, and the error says what to do."""
    path = filled(tmp_path / "bot.db", clock)
    with closing(Database(path)) as newer:
        newer.table("_sqlite_migrations").insert({"migration_set": "bot", "name": "9999_new", "applied_at": ""})

    with pytest.raises(
        StoreError, match=r"bot\.db was written by a newer version of this program \(it has the steps 9999_new"
    ):
        Store(SqliteDatabase(path, clock))


def test_migration_keeps_the_store_before(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Before a migration the store is copied beside itself; a second start copies nothing."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0003_selfcheck")

    Store(SqliteDatabase(path, clock)).close()
    Store(SqliteDatabase(path, clock)).close()

    (kept,) = tmp_path.glob("bot.db.before-*")
    assert kept.name == "bot.db.before-0003_selfcheck-1"
    assert caplog.messages == [f"upgrading the schema of the store; a copy from before is in {kept}"]
    with closing(Database(kept)) as old:
        assert "checks" not in old.table_names()
        assert len(migrations.applied(old)) == 2


def test_new_store_needs_no_copy(tmp_path: Path, clock: Clock) -> None:
    """A new store is created without a copy, and readable by its owner only."""
    Store(SqliteDatabase(tmp_path / "bot.db", clock)).close()

    assert {path.name for path in tmp_path.iterdir()} == {"bot.db"}
    assert (tmp_path / "bot.db").stat().st_mode & 0o077 == 0


def test_backup_is_for_its_owner_only(tmp_path: Path, clock: Clock) -> None:
    """A backup has personal data, so only its owner may read it."""
    backup_store(filled(tmp_path / "bot.db", clock), tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
