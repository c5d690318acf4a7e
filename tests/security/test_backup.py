"""Hostile backups and databases, and the permissions of files on disk."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.effects import CreateRequest
from bot.errors import StoreError
from bot.store import Store
from bot.store.records import ClaimedUpdate
from bot.store.sqlite.backup import backup_store, restore_store
from bot.store.sqlite.database import SqliteDatabase
from tests.support.relay import OPEN

pytestmark = pytest.mark.durability

NOT_A_STORE = {
    "empty": b"", "text": b"evil", "zip": b"PK\x03\x04", "head": b"SQLite format 3\0", "damaged": b"SQLite format 3\0" + b"\xff" * 8_192, "nul": b"\0" * 8_192,
    "gzip": b"\x1f\x8b\x08", "pickle": b"\x80\x04\x95", "sql": b"CREATE TABLE inbox (a);", "json": b'{"inbox": []}',
}  # fmt: skip
EVIL_TRIGGER = (
    "TRIGGER {} AFTER INSERT ON requests BEGIN INSERT INTO outbox (chat_id, method, params, status, created, place) "
    "VALUES (666, 'sendMessage', json_object('text', NEW.body), 'queued', 1, ''); END;"
)
EXTRA_OBJECTS = {
    "trigger": f"CREATE {EVIL_TRIGGER.format('evil')}",
    "trigger-named-as-a-table": f"CREATE {EVIL_TRIGGER.format('notes')} CREATE TABLE notes (a)",
    "trigger-named-as-an-index": f"CREATE {EVIL_TRIGGER.format('notes')} CREATE INDEX notes ON lines (text)",
    "trigger-delete": "CREATE TRIGGER evil BEFORE DELETE ON requests BEGIN SELECT RAISE(IGNORE); END",
    "view": "CREATE VIEW evil AS SELECT * FROM requests",
    "index-unique": "CREATE UNIQUE INDEX evil ON outbox (status)",
    "virtual-table": "CREATE VIRTUAL TABLE evil USING fts5 (a)",
    "virtual-statistics": "CREATE VIRTUAL TABLE evil USING dbstat",
    "litestream": "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
    "setting": "PRAGMA user_version = 7; PRAGMA application_id = 7",
}
AWAY = "ALTER TABLE states RENAME TO away;"
STATES = f"{AWAY} CREATE TABLE states (key, user_id, body, updated); INSERT INTO states VALUES"
HOLDS = "DROP TABLE holds; CREATE TABLE holds (chat_id, until, noted); INSERT INTO holds VALUES"
INVALID_BACKUPS = {
    "column-computed": ("ALTER TABLE states DROP COLUMN body; ALTER TABLE states ADD COLUMN body AS ('{}')", "body"),
    "column-missing": ("ALTER TABLE inbox DROP COLUMN received", "inbox has no plain column received"),
    "column-more": ("ALTER TABLE requests ADD COLUMN evil", "has a column evil, which ours lacks"),
    "column-more-computed": ("ALTER TABLE requests ADD COLUMN evil AS (hex(zeroblob(4e8)))", "has a column evil"),
    "damaged": (
        "CREATE TABLE evil (a); INSERT INTO evil VALUES (NULL); PRAGMA writable_schema = ON; "
        "UPDATE sqlite_master SET sql = 'CREATE TABLE evil (a NOT NULL)' WHERE name = 'evil'",
        r"is damaged: NULL value in evil\.a",
    ),
    "index-large": ("CREATE INDEX evil ON inbox (hex(zeroblob(update_id * 12000000)))", "too big"),
    "table-missing": ("DROP TABLE states", "no plain table states"),
    "table-a-view": (f"{AWAY} CREATE VIEW states AS SELECT 1", "no plain table states"),
    "table-virtual": ("DROP TABLE states; CREATE VIRTUAL TABLE states USING fts5 (key)", "no plain table states"),
    "steps-a-view": (
        "ALTER TABLE _sqlite_migrations RENAME TO away; CREATE VIEW _sqlite_migrations AS SELECT * FROM away",
        "no plain table _sqlite_migrations",
    ),
    "steps-of-others": ("UPDATE _sqlite_migrations SET migration_set = 'evil'", "not a complete store"),
    "steps-with-a-gap": ("DELETE FROM _sqlite_migrations WHERE name = '0003_selfcheck'", "not a complete store"),
    "text-as-key": (f"{HOLDS} ('evil', 1.0, 0.0)", "datatype mismatch"),
    "text-as-number": ("UPDATE inbox SET done = 'evil'", "inbox.done has a value that is not of type integer"),
    "text-as-time": (f"{STATES} ('a', 1, '', 'evil')", "states.updated has a value that is not of type real"),
    "bytes-as-text": ("UPDATE inbox SET body = x'00ff'", "inbox.body has a value that is not of type text"),
    "number-as-text": (f"{STATES} ('a', 1, 5, 1.0)", "states differs after being copied"),
    "nothing-as-text": (f"{STATES} ('a', 1, NULL, 1.0)", "NOT NULL"),
    "twice": (f"{STATES} ('a', 1, '', 1.0), ('a', 1, '', 1.0)", "UNIQUE"),
    "no-text": ("UPDATE inbox SET body = CAST(x'ff' AS TEXT)", "UTF-8"),
}


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """A valid store that a test may modify."""
    Store(SqliteDatabase(tmp_path / "made.db", lambda: 1.0)).close()
    return tmp_path / "made.db"


@pytest.mark.parametrize("kind", NOT_A_STORE)
def test_file_that_is_not_a_store(tmp_path: Path, store_file: Path, kind: str) -> None:
    """A file that is not a store is not restored, and the existing store is unchanged."""
    (tmp_path / "evil.db").write_bytes(NOT_A_STORE[kind])
    before = store_file.read_bytes()

    with pytest.raises(StoreError):
        restore_store(tmp_path / "evil.db", store_file)

    assert store_file.read_bytes() == before


def modified_backup(store_file: Path, evil: Path, statements: str) -> Path:
    """Create a backup of a store with an update in it, modified by these statements."""
    store = Store(SqliteDatabase(store_file, lambda: 1.0))
    store.inbox.add_updates([(3, "1", "{}")])
    store.close()
    backup_store(store_file, evil)
    with closing(sqlite3.connect(evil)) as connection:
        connection.executescript(statements)
    return evil


def schema(file: Path) -> list[tuple[str, ...]]:
    """Return everything in a database except its rows."""
    with closing(sqlite3.connect(file)) as connection:
        settings = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "application_id")]
        return settings + connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()


@pytest.mark.parametrize("kind", EXTRA_OBJECTS)
def test_only_rows_are_restored(tmp_path: Path, store_file: Path, kind: str) -> None:
    """Only rows are restored from a backup; anything else in it has no effect."""
    Store(SqliteDatabase(tmp_path / "new.db", lambda: 1.0)).close()
    evil = modified_backup(store_file, tmp_path / "evil.db", EXTRA_OBJECTS[kind])

    restore_store(evil, tmp_path / "bot.db")

    assert schema(tmp_path / "bot.db") == schema(tmp_path / "new.db")
    store = Store(SqliteDatabase(tmp_path / "bot.db", lambda: 1.0))
    assert store.inbox.pending_updates() == [(3, "1")]
    store.apply((), [CreateRequest(OPEN)])
    assert store.outbox.count_queued_calls() == 0
    assert [request.reference for request in store.requests.all_requests()] == [OPEN.reference]
    store.close()


@pytest.mark.parametrize("kind", INVALID_BACKUPS)
def test_invalid_backup_is_rejected(tmp_path: Path, store_file: Path, kind: str) -> None:
    """A backup with unexpected tables, columns or values is rejected with the reason."""
    statements, message = INVALID_BACKUPS[kind]
    evil = modified_backup(store_file, tmp_path / "evil.db", statements)
    before = store_file.read_bytes()

    with pytest.raises(StoreError, match=message) as caught:
        restore_store(evil, store_file)

    assert str(evil) in str(caught.value)
    assert store_file.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"made.db", "evil.db"}


@pytest.mark.parametrize("file", ["store", "backup", "restored", "replaced", "write-ahead"])
def test_files_are_readable_by_their_owner_only(tmp_path: Path, store_file: Path, file: str) -> None:
    """The store, backups, and what a restore leaves are readable by their owner only."""
    backup_store(store_file, tmp_path / "backup.db")
    replaced = restore_store(tmp_path / "backup.db", store_file)
    assert replaced
    opened = Store(SqliteDatabase(store_file, lambda: 1.0))
    opened.inbox.add_updates([(1, "1", "{}")])
    path = {
        "store": store_file,
        "backup": tmp_path / "backup.db",
        "restored": store_file,
        "replaced": replaced,
        "write-ahead": tmp_path / "made.db-wal",
    }[file]

    mode = stat.S_IMODE(path.stat().st_mode)
    opened.close()

    assert mode & 0o077 == 0


@pytest.mark.parametrize("target", ["folder", "exists", "no-folder"])
def test_a_backup_overwrites_nothing(tmp_path: Path, store_file: Path, target: str) -> None:
    """A backup is written to a new file only."""
    path = {"folder": tmp_path, "exists": tmp_path / "there", "no-folder": tmp_path / "none" / "b.db"}[target]
    if target == "exists":
        path.write_text("wichtig")

    with pytest.raises(StoreError):
        backup_store(store_file, path)

    assert target != "exists" or path.read_text() == "wichtig"


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE inbox; --", '"', "\0", "%", "\ud7ff", json.dumps({"a": "b'"}), "x" * 1_000_000]
)
def test_text_is_never_part_of_a_statement(tmp_path: Path, text: str) -> None:
    """Text is passed to SQL as a value and never becomes part of a statement."""
    store = Store(SqliteDatabase(tmp_path / "a.db", lambda: 1.0))

    store.inbox.add_updates([(1, text, text)])
    store.inbox.add_updates([(2, "b", "c")])

    assert store.inbox.pending_updates() == [(1, text), (2, "b")]
    assert store.inbox.claim_update(text, ()) == ClaimedUpdate(1, text, False)
    store.close()
