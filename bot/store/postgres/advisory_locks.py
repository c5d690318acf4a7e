"""What a process holds in PostgreSQL as long as it lives: the chats that it handles, and the duties that it has.

Advisory locks of one connection: where the process or its connection ends, PostgreSQL lets go of them all.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from psycopg import Connection, Error, OperationalError


def lock_number(*names: str) -> int:
    """The lock's number for a name: 64 bits with a sign."""
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class AdvisoryLocks:
    """For several threads. Every call raises OperationalError where the connection is lost; the next one connects."""

    def __init__(self, connect: Callable[[], Connection[Any]]) -> None:
        self._connect = connect
        self._mutex = threading.Lock()
        self._connection: Connection[Any] | None = None
        self._acquired: list[int] = []
        self._terms: Counter[int] = Counter()

    def try_acquire(self, number: int) -> bool:
        """Take a lock; False where another process has it."""
        with self._mutex:
            return self._try_acquire(number)

    def release_lock(self, number: int) -> None:
        """Let go of a lock. One that was lost with its connection is nobody's to let go of."""
        with self._mutex:
            if number in self._acquired:
                self._acquired.remove(number)
                self._run_lock_query("SELECT pg_advisory_unlock(%s)", number)

    def acquire_term(self, number: int) -> int:
        """How often this process took a lock that it keeps, if it has it now; else 0."""
        with self._mutex:
            if number in self._acquired:
                self._run_lock_query("SELECT %s IS NOT NULL", 0)  # it is lost with its connection
            elif self._try_acquire(number):
                self._terms[number] += 1
            return self._terms[number] if number in self._acquired else 0

    def close(self) -> None:
        """End it, and let go of everything: at once, since the server takes a moment to notice an end."""
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
