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
from bot.store.sql.base import SqlDatabase
from bot.store.sqlite.backup import copy_database, find_rescued, next_free_path
from bot.store.sqlite.upgrade import upgrade_schema

LOCK_TIMEOUT = 10.0  # seconds to wait for another process that writes; litestream asks for at least five
LOW_DISK_SPACE = 100_000  # bytes free, below which a failing disk is a full one
# What SQLite says where it may pass, and what helps.
_ERROR_HINTS = {
    "disk is full": "The disk is full: free some space. Nothing is lost; the bot goes on by itself.",
    "is locked": "Another program holds the file: end it, or wait. The bot goes on by itself.",
    "readonly": "The file or its folder is read-only: check owner, rights and the mount.",
    "disk i/o": "The disk does not read or write: check it and its mount.",
    "unable to open": "The folder cannot be written to: check owner, rights and the mount.",
}


class SqliteDatabase(SqlDatabase):
    """The open file. ``clock`` gives Unix time, ``patience`` is in seconds."""

    _not_in_list = "NOT IN (SELECT value FROM json_each(?))"

    def __init__(self, path: Path, clock: Callable[[], float], lock_timeout: float = LOCK_TIMEOUT) -> None:
        """Open or create the file and bring its schema up to date; raises StoreError where that fails."""
        self._clock = clock
        self._lock = threading.RLock()
        self._path, self.address = path, str(path)
        self._gone_error: StoreGone | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() and (saved := find_rescued(path)):
                raise StoreError(
                    f"The store {path} is gone; what it held is in {saved}. Run: gwbot restore --send-waiting {saved}"
                )
            path.touch(mode=0o600)  # a new one is for its owner only; a log takes over the rights of its store
            connection = sqlite3.connect(path, check_same_thread=False, timeout=lock_timeout, isolation_level=None)
            self._db = Database(connection)
            try:
                upgrade_schema(self._db, path)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten in the file
                self._file_id = _get_file_id(path)
                self.check_writable()  # also opens the log, which could not be opened any more for a rescue
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The store {path} cannot be opened: {_explain_error(error, path)}") from None

    def close(self) -> None:
        """Close the file, after the call that another thread is in; later calls raise StoreError."""
        with self._lock:
            self._db.close()

    def check_writable(self) -> None:
        """Write to the file without changing anything; raises StoreError where that fails."""
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            db.execute(f"PRAGMA user_version = {version}")

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        """At once with the right to write: a reader that wants to write later is refused without any waiting."""
        with self._lock, self._translate_errors("used"), self._db.conn:
            self._db.conn.execute("BEGIN IMMEDIATE")
            yield self._db

    def _scrub_deleted_data(self) -> None:
        """Have what was deleted leave the write-ahead log too; where somebody reads, a later one does it."""
        with self._lock, self._translate_errors("used"):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _fetch_rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock, self._translate_errors("read"):
            return list(self._db.query(sql, values))

    def _list_value(self, values: Collection[int] | Collection[str]) -> object:
        return json.dumps(list(values))

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        self._check_same_file()
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(
                f"The store {self._path} cannot be {action} now: {_explain_error(error, self._path)}"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(f"The store {self._path} cannot be {action}: {error}") from error

    def _check_same_file(self) -> None:
        """What is written to a file that was deleted or replaced is lost: save what it holds, and end."""
        if self._gone_error is None and _get_file_id(self._path) != self._file_id:
            self._gone_error = StoreGone(
                f"The store {self._path} was deleted or replaced under the bot. {self._rescue_data()}"
            )
        if self._gone_error is not None:
            raise self._gone_error

    def _rescue_data(self) -> str:
        rescue_file = next_free_path(self._path, "rescued")
        try:
            copy_database(self._db.conn, rescue_file)
        except (sqlite3.Error, OSError, StoreError) as error:
            return f"What it held could not be saved: {error}"
        return f"What it held is in {rescue_file}. Run: gwbot restore --send-waiting {rescue_file}"


def _get_file_id(path: Path) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        file_stat = os.stat(path)
        return file_stat.st_dev, file_stat.st_ino
    return None


def _explain_error(error: Exception, path: Path) -> str:
    message = str(error)
    if "disk" in message and shutil.disk_usage(path.parent).free < LOW_DISK_SPACE:
        message = "database or disk is full"  # SQLite calls it an error of the disk where its index cannot grow
    return next(
        (f"{message}. {hint}" for pattern, hint in _ERROR_HINTS.items() if pattern in message.lower()), message
    )
