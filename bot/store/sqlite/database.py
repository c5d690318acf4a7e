"""The embedded database: one SQLite file in WAL mode, through sqlite-utils, for several threads of one process."""

import json
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlite_utils

from bot.errors import StoreError, StoreGone, StoreUnavailable
from bot.store.sql.database import Database
from bot.store.sqlite.backup import copy_database, find_rescued, next_free_path
from bot.store.sqlite.schema import MIGRATIONS, migrations, pending_steps

log = logging.getLogger(__name__)
LOCK_TIMEOUT = 10.0  # seconds to wait for another process to finish writing; litestream asks for at least five
LOW_DISK_SPACE = 100_000  # bytes; a disk that fails with less than this free is full
# SQLite's messages for conditions that may pass -> what to do.
_ERROR_HINTS = {
    "disk is full": "The disk is full: free some space. Nothing is lost; the bot continues by itself.",
    "is locked": "Another program holds the file: end it, or wait. The bot continues by itself.",
    "readonly": "The file or its folder is read-only: check owner, rights and the mount.",
    "disk i/o": "The disk cannot be read or written: check it and its mount.",
    "unable to open": "The folder cannot be written to: check owner, rights and the mount.",
}


class SqliteDatabase(Database):
    """An open file. Only one process uses it, which has all duties and nobody to notify."""

    not_in_list = "NOT IN (SELECT value FROM json_each(?))"

    def __init__(self, path: Path, clock: Callable[[], float], lock_timeout: float = LOCK_TIMEOUT) -> None:
        """Open or create the file and bring its schema up to date; raises StoreError if that fails.

        ``clock`` returns the Unix time, ``lock_timeout`` is in seconds.
        """
        self.clock = clock
        self._lock = threading.RLock()
        self._path, self.address = path, str(path)
        self._gone_error: StoreGone | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() and (saved := find_rescued(path)):
                raise StoreError(
                    f"The store {path} is missing; its data are in {saved}. Run: gwbot restore --send-waiting {saved}"
                )
            path.touch(mode=0o600)  # readable by its owner only; the log inherits the permissions of its store
            connection = sqlite3.connect(path, check_same_thread=False, timeout=lock_timeout, isolation_level=None)
            self._db = sqlite_utils.Database(connection)
            try:
                _upgrade_schema(self._db, path)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA secure_delete = ON")  # overwrite what is deleted
                self._file_id = _get_file_id(path)
                self.check_writable()  # also opens the log, which a rescue could not open later
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The store {path} cannot be opened: {_explain_error(error, path)}") from None

    def close(self) -> None:
        """Close the file, once the calls of other threads have ended; later calls raise StoreError."""
        with self._lock:
            self._db.close()

    def check_writable(self) -> None:
        with self.transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            db.execute(f"PRAGMA user_version = {version}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        # SQLite refuses a reader that becomes a writer at once, without waiting, so it begins as a writer
        with self._lock, self._translate_errors("used"), self._db.conn:
            self._db.conn.execute("BEGIN IMMEDIATE")
            yield self._db

    def scrub_deleted_data(self) -> None:
        """Remove it from the write-ahead log too; if another program is reading, a later call does it."""
        with self._lock, self._translate_errors("used"):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def fetch_rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock, self._translate_errors("read"):
            return list(self._db.query(sql, values))

    def list_value(self, values: Collection[int] | Collection[str]) -> object:
        return json.dumps(list(values))

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        self._check_same_file()
        try:
            yield
        except sqlite3.OperationalError as error:
            message = f"The store {self._path} cannot be {action} now: {_explain_error(error, self._path)}"
            raise StoreUnavailable(message) from error
        except sqlite3.Error as error:
            raise StoreError(f"The store {self._path} cannot be {action}: {error}") from error

    def _check_same_file(self) -> None:
        """If the file was deleted or replaced, so that writes would be lost, rescue its data and raise StoreGone."""
        if self._gone_error is None and _get_file_id(self._path) != self._file_id:
            rescue = self._rescue_data()
            self._gone_error = StoreGone(f"The store {self._path} was deleted or replaced under the bot. {rescue}")
        if self._gone_error is not None:
            raise self._gone_error

    def _rescue_data(self) -> str:
        rescue_file = next_free_path(self._path, "rescued")
        try:
            copy_database(self._db.conn, rescue_file)
        except (sqlite3.Error, OSError, StoreError) as error:
            return f"Its data could not be saved: {error}"
        return f"Its data are in {rescue_file}. Run: gwbot restore --send-waiting {rescue_file}"


def _upgrade_schema(db: sqlite_utils.Database, path: Path) -> None:
    """Apply the pending steps, after a copy if there are data; raises StoreError for a store of a newer version."""
    pending = pending_steps(db, path)
    if 0 < len(pending) < len(MIGRATIONS):
        copy_path = next_free_path(path, f"before-{pending[0]}")
        copy_database(db.conn, copy_path)
        log.warning("upgrading the schema of the store; a copy from before is in %s", copy_path)
    with db.atomic():  # all steps at once: each commit would wait for the disk
        migrations.apply(db)


def _get_file_id(path: Path) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        file_stat = os.stat(path)
        return file_stat.st_dev, file_stat.st_ino
    return None


def _explain_error(error: Exception, path: Path) -> str:
    message = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if "disk" in message and shutil.disk_usage(path.parent).free < LOW_DISK_SPACE:
        message = "database or disk is full"  # SQLite reports a disk I/O error if its index cannot grow
    return next(
        (f"{message}. {hint}" for pattern, hint in _ERROR_HINTS.items() if pattern in message.lower()), message
    )
