"""A backup or a database that somebody made, and what lies on the disk."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import SqliteStore
from bot.store.files import backup, restore
from bot.store.protocol import Claimed

NO_STORE = {
    "empty": b"", "text": b"evil", "zip": b"PK\x03\x04", "head": b"SQLite format 3\0", "damaged": b"SQLite format 3\0" + b"\xff" * 8_192, "nul": b"\0" * 8_192,
    "gzip": b"\x1f\x8b\x08", "pickle": b"\x80\x04\x95", "sql": b"CREATE TABLE inbox (a);", "json": b'{"inbox": []}',
}  # fmt: skip
CODE = {
    "trigger": "CREATE TRIGGER evil AFTER INSERT ON outbox BEGIN UPDATE outbox SET chat_id = 666; END",
    "trigger-delete": "CREATE TRIGGER evil BEFORE DELETE ON requests BEGIN SELECT RAISE(IGNORE); END",
    "view": "CREATE VIEW evil AS SELECT * FROM requests",
    "temp-named": "CREATE TRIGGER sqlite_evil AFTER UPDATE ON inbox BEGIN DELETE FROM requests; END",
}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A good store to be changed."""
    SqliteStore(tmp_path / "made.db", lambda: 1.0).close()
    return tmp_path / "made.db"


@pytest.mark.parametrize("kind", NO_STORE)
def test_a_file_that_is_no_store(tmp_path: Path, made: Path, kind: str) -> None:
    """What is no store of ours is not put in the store's place, which stays as it was."""
    (tmp_path / "evil.db").write_bytes(NO_STORE[kind])
    before = made.read_bytes()

    with pytest.raises(StoreError):
        restore(tmp_path / "evil.db", made)

    assert made.read_bytes() == before


@pytest.mark.parametrize("kind", CODE)
def test_a_backup_with_code_in_it(tmp_path: Path, made: Path, kind: str) -> None:
    """A backup that holds code which would run by itself is refused."""
    evil = tmp_path / "evil.db"
    backup(made, evil)
    with closing(sqlite3.connect(evil)) as connection:
        try:
            connection.execute(CODE[kind])
        except sqlite3.OperationalError:  # SQLite itself reserves the name
            connection.execute(CODE[kind].replace("sqlite_evil", "evil_sqlite"))
        connection.commit()

    with pytest.raises(StoreError, match="triggers or views"):
        restore(evil, made)


@pytest.mark.parametrize("what", ["store", "backup", "restored", "kept", "write-ahead"])
def test_nobody_else_reads_the_store(tmp_path: Path, made: Path, what: str) -> None:
    """Store, backup and what a restore leaves can be read by their owner alone."""
    backup(made, tmp_path / "backup.db")
    kept = restore(tmp_path / "backup.db", made)
    assert kept
    opened = SqliteStore(made, lambda: 1.0)
    opened.add_updates([(1, "1", "{}")])
    path = {
        "store": made,
        "backup": tmp_path / "backup.db",
        "restored": made,
        "kept": kept,
        "write-ahead": tmp_path / "made.db-wal",
    }[what]

    mode = stat.S_IMODE(path.stat().st_mode)
    opened.close()

    assert mode & 0o077 == 0


@pytest.mark.parametrize("target", ["folder", "exists", "no-folder"])
def test_a_backup_overwrites_nothing(tmp_path: Path, made: Path, target: str) -> None:
    """A backup is written to a new file only."""
    path = {"folder": tmp_path, "exists": tmp_path / "there", "no-folder": tmp_path / "none" / "b.db"}[target]
    if target == "exists":
        path.write_text("wichtig")

    with pytest.raises(StoreError):
        backup(made, path)

    assert target != "exists" or path.read_text() == "wichtig"


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE inbox; --", '"', "\0", "%", "\ud7ff", json.dumps({"a": "b'"}), "x" * 1_000_000]
)
def test_values_are_values(tmp_path: Path, text: str) -> None:
    """Whatever is kept is a value of a statement, and never a part of it."""
    store = SqliteStore(tmp_path / "a.db", lambda: 1.0)

    store.add_updates([(1, text, text)])
    store.add_updates([(2, "b", "c")])

    assert store.pending_updates() == [(1, text), (2, "b")]
    assert store.claim(text, ()) == Claimed(1, text, False)
    store.close()
