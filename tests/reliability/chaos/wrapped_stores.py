"""Wrappers around the real store: one kills the process at its kill point, one logs what was recorded as sent.

They forward everything else. The bot is given them as its store, so nothing in it is patched.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.app.bootstrap import open_store_from_settings
from bot.settings import Settings
from bot.store import POSTGRESQL_PREFIXES, Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.sql.database import Cursor, Transaction
from bot.store.sqlite.database import SqliteDatabase
from tests.reliability.chaos.kill_points import KillTrigger
from tests.support.stores import Around

SENT_LOG = "sent.txt"  # in the bot's folder; each line has the chat and the message of a call recorded as sent


class SentLogStore(Around):
    """Logs to a file what is recorded as sent, because the store deletes rows that no edit or reply can need."""

    def __init__(self, store: Any, file: Path) -> None:
        super().__init__(store)
        self._file = file

    def mark_sent(self, call_id: int, message_id: int | None, *arguments: Any) -> None:
        """Record first, then log; if the process is killed in between, the store still has the row."""
        (row,) = self._store.database.fetch_rows("SELECT chat_id FROM outbox WHERE id = ?", call_id)
        self._store.outbox.mark_sent(call_id, message_id, *arguments)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{row['chat_id']} {message_id or 0}\n")


class KillingStore(Around):
    """Kills the process before or after a call of one of the store's methods."""

    def __init__(self, store: Any, trigger: KillTrigger) -> None:
        super().__init__(store)
        self._trigger = trigger

    def __getattr__(self, name: str) -> Any:
        attribute = super().__getattr__(name)
        return self._wrap_method(name, attribute) if callable(attribute) else attribute

    def _wrap_method(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call_method(*values: Any, **named: Any) -> Any:
            self._trigger.reach_call("before", name)
            result = method(*values, **named)
            self._trigger.reach_call("after", name)
            return result

        return call_method


class KillingPostgresDatabase(PostgresDatabase):
    """Kills the process in the middle of a PostgreSQL transaction."""

    def __init__(self, url: str, clock: Callable[[], float], trigger: KillTrigger) -> None:
        self._trigger = trigger
        super().__init__(url, clock)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as db:
            yield KillingTransaction(db, self._trigger)
            self._trigger.reach_statement("COMMIT")


class KillingTransaction:
    """Kills the process before one of the statements of a transaction."""

    def __init__(self, db: Transaction, trigger: KillTrigger) -> None:
        self._db, self._trigger = db, trigger

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Cursor:
        """Run a statement, unless the process is killed before it."""
        self._trigger.reach_statement(sql)
        return self._db.execute(sql, values)


def open_killing_store(settings: Settings, clock: Callable[[], float], trigger: KillTrigger) -> KillingStore:
    """Open the store of these settings, SQLite or PostgreSQL, so that the trigger can kill the process in it."""
    if settings.store_url.startswith(POSTGRESQL_PREFIXES):
        return KillingStore(Store(KillingPostgresDatabase(settings.store_url, clock, trigger)), trigger)
    store = open_store_from_settings(settings, clock)
    assert isinstance(store.database, SqliteDatabase)
    store.database._db.conn.set_trace_callback(trigger.reach_statement)
    return KillingStore(store, trigger)
