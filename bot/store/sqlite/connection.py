"""One SQLite file in WAL mode, through sqlite-utils, for several threads."""

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.errors import StoreError, StoreGone, StoreUnavailable
from bot.store.sql.base import Rows
from bot.store.sqlite.backup import copied, free_name, rescued
from bot.store.sqlite.upgrade import upgrade

PATIENCE = 10.0  # seconds to wait for another process that writes; litestream asks for at least five
SCARCE = 100_000  # bytes free, below which a failing disk is a full one
# What SQLite says where it may pass, and what helps.
_HELP = {
    "disk is full": "The disk is full: free some space. Nothing is lost; the bot goes on by itself.",
    "is locked": "Another program holds the file: end it, or wait. The bot goes on by itself.",
    "readonly": "The file or its folder is read-only: check owner, rights and the mount.",
    "disk i/o": "The disk does not read or write: check it and its mount.",
    "unable to open": "The folder cannot be written to: check owner, rights and the mount.",
}


class Connection(Rows):
    """The open file. ``clock`` gives Unix time, ``patience`` is in seconds."""

    _none_of = "NOT IN (SELECT value FROM json_each(?))"

    def __init__(self, path: Path, clock: Callable[[], float], patience: float = PATIENCE) -> None:
        """Open or create the file and bring its schema up to date; raises StoreError where that fails."""
        self._clock = clock
        self._lock = threading.RLock()
        self._path, self.address = path, str(path)
        self._gone: StoreGone | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() and (kept := rescued(path)):
                raise StoreError(
                    f"The store {path} is gone; what it held is in {kept}. Run: gwbot restore --send-waiting {kept}"
                )
            path.touch(mode=0o600)  # a new one is for its owner only; a log takes over the rights of its store
            connection = sqlite3.connect(path, check_same_thread=False, timeout=patience, isolation_level=None)
            self._db = Database(connection)
            try:
                upgrade(self._db, path)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten in the file
                self._file = _identity(path)
                self.check()  # also opens the log, which could not be opened any more for a rescue
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The store {path} cannot be opened: {_explained(error, path)}") from None

    def close(self) -> None:
        """Close the file, after the call that another thread is in; later calls raise StoreError."""
        with self._lock:
            self._db.close()

    def check(self) -> None:
        """Write to the file without changing anything; raises StoreError where that fails."""
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            db.execute(f"PRAGMA user_version = {version}")

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        """At once with the right to write: a reader that wants to write later is refused without any waiting."""
        with self._lock, self._errors("used"), self._db.conn:
            self._db.conn.execute("BEGIN IMMEDIATE")
            yield self._db

    def _emptied(self) -> None:
        """Have what was deleted leave the write-ahead log too; where somebody reads, a later one does it."""
        with self._lock, self._errors("used"):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock, self._errors("read"):
            return list(self._db.query(sql, values))

    def _list(self, values: Collection[int] | Collection[str]) -> object:
        return json.dumps(list(values))

    @contextmanager
    def _errors(self, done: str) -> Iterator[None]:
        self._still_there()
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(
                f"The store {self._path} cannot be {done} now: {_explained(error, self._path)}"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(f"The store {self._path} cannot be {done}: {error}") from error

    def _still_there(self) -> None:
        """What is written to a file that was deleted or replaced is lost: save what it holds, and end."""
        if self._gone is None and _identity(self._path) != self._file:
            self._gone = StoreGone(f"The store {self._path} was deleted or replaced under the bot. {self._rescue()}")
        if self._gone is not None:
            raise self._gone

    def _rescue(self) -> str:
        kept = free_name(self._path, "rescued")
        try:
            copied(self._db.conn, kept)
        except (sqlite3.Error, OSError, StoreError) as error:
            return f"What it held could not be saved: {error}"
        return f"What it held is in {kept}. Run: gwbot restore --send-waiting {kept}"


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _explained(error: Exception, path: Path) -> str:
    said = str(error)
    if "disk" in said and shutil.disk_usage(path.parent).free < SCARCE:
        said = "database or disk is full"  # SQLite calls it an error of the disk where its index cannot grow
    return next((f"{said}. {text}" for word, text in _HELP.items() if word in said.lower()), said)
