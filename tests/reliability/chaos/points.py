"""Named points at which a life ends, and wrappers of the store: one that ends it there, and three that are broken.

They forward every other call; the bot is given them as its store, and nothing in it is patched.
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

CHANGING_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "COMMIT")
SENT = "sent.txt"  # the file that lists what was recorded as sent


def die() -> None:
    """End this process as `kill -9` does: nothing is finished, flushed or reported."""
    os.kill(os.getpid(), signal.SIGKILL)


class Trap:
    """The point at which this process ends; it may be changed while the process runs.

    ``before:finish_update:3`` is before the third call of this method of the store, ``after:…`` after it,
    ``inside:write:5`` at the fifth changing statement, and "" never.
    """

    def __init__(self, point: str) -> None:
        self.set(point)

    def set(self, point: str) -> None:
        """Use this point from now on."""
        self._name, _, nth = point.rpartition(":")
        self._remaining = itertools.count(int(nth or 0) - 1, -1)

    def reach(self, when: str, what: str) -> None:
        """End the process here if this is the point."""
        if self._name == f"{when}:{what}" and next(self._remaining) == 0:
            die()

    def register_statement(self, statement: str) -> None:
        """Register a statement that is about to be executed."""
        if statement.startswith(CHANGING_STATEMENTS):
            self.reach("inside", "write")


class RecordingStore(Around):
    """Lists in a file what is recorded as sent, because the store deletes rows that no edit or reply can need."""

    def __init__(self, store: Any, file: Path) -> None:
        super().__init__(store)
        self._file = file

    def mark_sent(self, call_id: int, message_id: int | None) -> None:
        """Record, then add to the list; a kill in between leaves it recorded."""
        (row,) = self._store.database.fetch_rows("SELECT chat_id FROM outbox WHERE id = ?", call_id)
        self._store.outbox.mark_sent(call_id, message_id)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{row['chat_id']} {message_id or 0}\n")


class KillingStore(Around):
    """A store that ends the process at its point."""

    def __init__(self, store: Any, trap: Trap) -> None:
        super().__init__(store)
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        attribute = super().__getattr__(name)
        return self._with_points(name, attribute) if callable(attribute) else attribute

    def _with_points(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call_with_points(*values: Any, **named: Any) -> Any:
            self._trap.reach("before", name)
            result = method(*values, **named)
            self._trap.reach("after", name)
            return result

        return call_with_points


class TrappedDatabase(PostgresDatabase):
    """A PostgreSQL database in whose transactions the point may be."""

    def __init__(self, url: str, clock: Callable[[], float], trap: Trap) -> None:
        self._trap = trap
        super().__init__(url, clock)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as db:
            yield TrappedTransaction(db, self._trap)
            self._trap.register_statement("COMMIT")


class TrappedTransaction:
    """A transaction that registers each statement before it executes it."""

    def __init__(self, db: Transaction, trap: Trap) -> None:
        self._db, self._trap = db, trap

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Cursor:
        """Register the statement, then execute it."""
        self._trap.register_statement(sql)
        return self._db.execute(sql, values)


def open_trapped_store(settings: Settings, clock: Callable[[], float], trap: Trap) -> KillingStore:
    """Open the store of these settings with a point, which may be in the middle of a transaction."""
    if settings.store_url.startswith(POSTGRESQL_PREFIXES):
        return KillingStore(Store(TrappedDatabase(settings.store_url, clock, trap)), trap)
    store = open_store_from_settings(settings, clock)
    assert isinstance(store.database, SqliteDatabase)
    store.database._db.conn.set_trace_callback(trap.register_statement)
    return KillingStore(store, trap)


class ConfirmsFirst(Around):
    """Broken: updates are confirmed before they are stored, as with a queue in memory."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._unwritten: list[tuple[int, str, str]] = []
        self._lock = threading.Lock()

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Keep the updates in memory until each is finished."""
        with self._lock:
            self._unwritten += updates
        return [number for number, _, _ in updates]

    def finish_update(self, update_id: int, *values: Any) -> Any:
        """Store the update, then finish it."""
        with self._lock:
            row = [held for held in self._unwritten if held[0] == update_id]
            self._unwritten = [held for held in self._unwritten if held[0] != update_id]
        self._store.inbox.add_updates(row)
        return self._store.finish_update(update_id, *values)


class StateFirst(Around):
    """Broken: the new state is written in one transaction, the outgoing calls in another."""

    def finish_update(self, update_id: int, event: Any, state: Any, calls: Any, effects: Any) -> Any:
        """Commit twice instead of once."""
        done = self._store.finish_update(update_id, event, state, (), effects)
        if done:
            self._store.apply(calls, ())
        return done


class EffectsFirst(Around):
    """Broken: effects and calls are written first, and the update is marked as done afterwards."""

    def finish_update(self, update_id: int, event: Any, state: Any, calls: Any, effects: Any) -> Any:
        """Commit twice instead of once."""
        self._store.apply(calls, [effect for effect in effects if isinstance(effect, STANDALONE_EFFECTS)])
        other_effects = [effect for effect in effects if not isinstance(effect, STANDALONE_EFFECTS)]
        return self._store.finish_update(update_id, event, state, (), other_effects)


STANDALONE_EFFECTS = (CreateRequest, UpdateRequest, AppendTranscript)  # effects that need no event
BROKEN_STORES: dict[str, Callable[[Any], Any]] = {
    "": lambda store: store,
    "confirms-first": ConfirmsFirst,
    "state-first": StateFirst,
    "effects-first": EffectsFirst,
}
