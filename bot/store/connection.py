"""One SQLite file in WAL mode, through sqlite-utils, for several threads."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.errors import StoreError
from bot.store.migrations import migrations


class Connection:
    """The open file. ``clock`` gives Unix time."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Open or create the file and bring its schema up to date; raises StoreError where that fails."""
        self._clock = clock
        self._lock = threading.RLock()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # personal data: nobody else on the machine reads it
            connection = sqlite3.connect(path, check_same_thread=False, timeout=10, isolation_level=None)
            self._db = Database(connection)
            self._db.enable_wal()
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten in the file
            migrations.apply(self._db)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The store {path} cannot be opened: {error}") from None

    def close(self) -> None:
        """Close the file, after the call that another thread is in; later calls raise StoreError."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        with self._lock:
            try:
                with self._db.atomic():
                    yield self._db
            except sqlite3.Error as error:
                raise StoreError(f"The store {self._path} cannot be used: {error}") from error

    def _emptied(self) -> None:
        """Have what was deleted leave the write-ahead log too; where somebody reads, a later one does it."""
        with self._lock:
            try:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"The store {self._path} cannot be used: {error}") from error

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            try:
                return list(self._db.query(sql, values))
            except sqlite3.Error as error:
                raise StoreError(f"The store {self._path} cannot be read: {error}") from error
