"""Named points at which a life ends, and stores around the real one: one that ends it there, three that are broken.

All of them forward what they do not name; the bot is given them as its store, and nothing of it is patched.
"""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.app.bootstrap import open_store_from_settings
from bot.domain.effects import AppendTranscript, CreateRequest, UpdateRequest
from bot.settings import Settings
from bot.store import POSTGRESQL_PREFIXES, SqliteDatabase, Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.sql.database import Cursor, Transaction
from tests.support.stores import Around

CHANGES = ("INSERT", "UPDATE", "DELETE", "COMMIT")
SENT = "sent.txt"  # the file in which is noted what was recorded as sent


def die() -> None:
    """End this process as `kill -9` does: nothing is finished, flushed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


class Trap:
    """The point at which this process ends; it may be set while it lives.

    ``before:finish_update:3`` is before the third call of the store's method, ``after:…`` after it,
    ``inside:write:5`` at the fifth changing statement, "" nowhere.
    """

    def __init__(self, point: str) -> None:
        self.set(point)

    def set(self, point: str) -> None:
        """From now on."""
        self._where, _, nth = point.rpartition(":")
        self._left = itertools.count(int(nth or 0) - 1, -1)

    def passed(self, when: str, what: str) -> None:
        """End here if this is the point."""
        if self._where == f"{when}:{what}" and next(self._left) == 0:
            die()

    def stated(self, statement: str) -> None:
        """A statement is about to be run."""
        if statement.startswith(CHANGES):
            self.passed("inside", "write")


class Recording(Around):
    """Notes in a file what is recorded as sent: the store keeps no row that no later edit or reply can need."""

    def __init__(self, store: Any, file: Path) -> None:
        super().__init__(store)
        self._file = file

    def mark_sent(self, call_id: int, message_id: int | None) -> None:
        """Record, then note; whoever is killed between the two has recorded."""
        (row,) = self._store.database.fetch_rows("SELECT chat_id FROM outbox WHERE id = ?", call_id)
        self._store.outbox.mark_sent(call_id, message_id)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{row['chat_id']} {message_id or 0}\n")


class Killing(Around):
    """Ends the process at its point."""

    def __init__(self, store: Any, trap: Trap) -> None:
        super().__init__(store)
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return self._at(name, found) if callable(found) else found

    def _at(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            self._trap.passed("before", name)
            result = method(*values, **named)
            self._trap.passed("after", name)
            return result

        return called


class Trapped(PostgresDatabase):
    """A database in PostgreSQL, in whose transactions the point may lie."""

    def __init__(self, url: str, clock: Callable[[], float], trap: Trap) -> None:
        self._trap = trap
        super().__init__(url, clock)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as db:
            yield Stating(db, self._trap)
            self._trap.stated("COMMIT")


class Stating:
    """A transaction that says each statement before it is run."""

    def __init__(self, db: Transaction, trap: Trap) -> None:
        self._db, self._trap = db, trap

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Cursor:
        """Say it, then run it."""
        self._trap.stated(sql)
        return self._db.execute(sql, values)


def watched(settings: Settings, clock: Callable[[], float], trap: Trap) -> Killing:
    """The store of these settings with its point, which may lie in the middle of a transaction."""
    if settings.store_url.startswith(POSTGRESQL_PREFIXES):
        return Killing(Store(Trapped(settings.store_url, clock, trap)), trap)
    store = open_store_from_settings(settings, clock)
    assert isinstance(store.database, SqliteDatabase)
    store.database._db.conn.set_trace_callback(trap.stated)
    return Killing(store, trap)


class ConfirmsFirst(Around):
    """Broken: updates are reported as written down before they are, as by a queue in memory."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._held: list[tuple[int, str, str]] = []
        self._lock = threading.Lock()

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Keep them in memory until one of them is finished."""
        with self._lock:
            self._held += updates
        return [number for number, _, _ in updates]

    def finish_update(self, update_id: int, *values: Any) -> Any:
        """Write down what is held, then finish."""
        with self._lock:
            mine = [row for row in self._held if row[0] == update_id]
            self._held = [row for row in self._held if row[0] != update_id]
        self._store.inbox.add_updates(mine)
        return self._store.finish_update(update_id, *values)


class StateFirst(Around):
    """Broken: the new state is one transaction, what is to be sent another."""

    def finish_update(self, update_id: int, event: Any, state: Any, calls: Any, effects: Any) -> Any:
        """Two commits in place of one."""
        done = self._store.finish_update(update_id, event, state, (), effects)
        if done:
            self._store.apply(calls, ())
        return done


class EffectsFirst(Around):
    """Broken: what follows is kept first, and the update marked as done afterwards."""

    def finish_update(self, update_id: int, event: Any, state: Any, calls: Any, effects: Any) -> Any:
        """Two commits in place of one."""
        self._store.apply(calls, [effect for effect in effects if isinstance(effect, ALONE)])
        rest = [effect for effect in effects if not isinstance(effect, ALONE)]
        return self._store.finish_update(update_id, event, state, (), rest)


ALONE = (CreateRequest, UpdateRequest, AppendTranscript)  # effects that need no event
BROKEN: dict[str, Callable[[Any], Any]] = {
    "": lambda store: store,
    "confirms-first": ConfirmsFirst,
    "state-first": StateFirst,
    "effects-first": EffectsFirst,
}
