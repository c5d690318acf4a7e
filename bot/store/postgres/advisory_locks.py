"""Locks held by a process: on the chats that it is handling, and on its duties.

They are advisory locks of one connection, so PostgreSQL releases all of them if the process or its connection ends.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from psycopg import Connection, Error, OperationalError


def lock_number(*names: str) -> int:
    """Hash names to the number of a lock: a signed 64-bit integer."""
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class AdvisoryLocks:
    """Thread-safe. A call raises OperationalError if the connection is lost; the next one reconnects."""

    def __init__(self, connect: Callable[[], Connection[Any]]) -> None:
        self._connect = connect
        self._mutex = threading.Lock()
        self._connection: Connection[Any] | None = None
        self._acquired: list[int] = []
        self._terms: Counter[int] = Counter()

    def try_acquire(self, number: int) -> bool:
        """Take a lock; False if another process has it."""
        with self._mutex:
            return self._try_acquire(number)

    def release_lock(self, number: int) -> None:
        """Release a lock; does nothing if it was lost with its connection."""
        with self._mutex:
            if number in self._acquired:
                self._acquired.remove(number)
                self._run_lock_query("SELECT pg_advisory_unlock(%s)", number)

    def acquire_term(self, number: int) -> int:
        """Take a lock for good; returns how often this process has taken it, or 0 if another process has it."""
        with self._mutex:
            if number in self._acquired:
                self._run_lock_query("SELECT %s IS NOT NULL", 0)  # fails if the connection, and so the lock, is lost
            elif self._try_acquire(number):
                self._terms[number] += 1
            return self._terms[number] if number in self._acquired else 0

    def close(self) -> None:
        """Release all locks, because the server takes a moment to notice a closed connection, and disconnect."""
        with self._mutex, suppress(Error):
            if self._connection is not None:
                self._connection.execute("SELECT pg_advisory_unlock_all()")
        with self._mutex:
            self._drop_connection()

    def _try_acquire(self, number: int) -> bool:
        acquired = self._run_lock_query("SELECT pg_try_advisory_lock(%s)", number)
        if acquired:
            self._acquired.append(number)
        return acquired

    def _run_lock_query(self, query: str, number: int) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connect()
            row = self._connection.execute(query.encode(), (number,)).fetchone()
        except OperationalError:
            self._drop_connection()
            raise
        assert row is not None
        return bool(row[0])

    def _drop_connection(self) -> None:
        self._acquired.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
