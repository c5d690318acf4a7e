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


def key(*names: str) -> int:
    """The lock's number for a name: 64 bits with a sign."""
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Session:
    """For several threads. Every call raises OperationalError where the connection is lost; the next one connects."""

    def __init__(self, connect: Callable[[], Connection[Any]]) -> None:
        self._connect = connect
        self._guard = threading.Lock()
        self._connection: Connection[Any] | None = None
        self._held: list[int] = []
        self._terms: Counter[int] = Counter()

    def take(self, number: int) -> bool:
        """Take a lock; False where another process has it."""
        with self._guard:
            return self._take(number)

    def give(self, number: int) -> None:
        """Let go of a lock. One that was lost with its connection is nobody's to let go of."""
        with self._guard:
            if number in self._held:
                self._held.remove(number)
                self._asked("SELECT pg_advisory_unlock(%s)", number)

    def lead(self, number: int) -> int:
        """How often this process took a lock that it keeps, if it has it now; else 0."""
        with self._guard:
            if number in self._held:
                self._asked("SELECT %s IS NOT NULL", 0)  # it is lost with its connection
            elif self._take(number):
                self._terms[number] += 1
            return self._terms[number] if number in self._held else 0

    def close(self) -> None:
        """End it, and let go of everything: at once, since the server takes a moment to notice an end."""
        with self._guard, suppress(Error):
            if self._connection is not None:
                self._connection.execute("SELECT pg_advisory_unlock_all()")
        with self._guard:
            self._lost()

    def _take(self, number: int) -> bool:
        taken = self._asked("SELECT pg_try_advisory_lock(%s)", number)
        if taken:
            self._held.append(number)
        return taken

    def _asked(self, question: str, number: int) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connect()
            row = self._connection.execute(question.encode(), (number,)).fetchone()
        except OperationalError:
            self._lost()
            raise
        assert row is not None
        return bool(row[0])

    def _lost(self) -> None:
        self._held.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
