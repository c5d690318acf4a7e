"""Durable state: `open_store_at` opens a `Store` over SQLite or PostgreSQL, depending on the URL."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bot.errors import StoreError
from bot.store.records import MAIN_TENANT, ApiCall, OutgoingCall, QueuedCall
from bot.store.sql.database import Database
from bot.store.sql.store import Store

__all__ = ["ApiCall", "OutgoingCall", "QueuedCall", "Store", "open_store_at"]
SQLITE_PREFIX = "sqlite:///"
POSTGRESQL_PREFIXES = ("postgresql://", "postgres://")


def open_store_at(url: str, clock: Callable[[], float], tenant: str = MAIN_TENANT) -> Store:
    """Open a tenant's store at ``sqlite:///<path>`` or ``postgresql://…``; raises StoreError if it cannot be opened.

    ``clock`` returns the Unix time.
    """
    database = _open_database(url, clock, tenant)
    with ExitStack() as cleanup:
        cleanup.callback(database.close)
        store = Store(database)
        store.selfchecks.make_due_pictures()
        cleanup.pop_all()
    return store


def _open_database(url: str, clock: Callable[[], float], tenant: str) -> Database:
    if url.startswith(SQLITE_PREFIX):
        from bot.store.sqlite.database import SqliteDatabase  # takes long, and most commands need no store

        return SqliteDatabase(Path(url.removeprefix(SQLITE_PREFIX)), clock)
    if not url.startswith(POSTGRESQL_PREFIXES):
        raise StoreError(f"A store's address begins with {SQLITE_PREFIX} or {POSTGRESQL_PREFIXES[0]}")
    try:
        from bot.store.postgres.database import PostgresDatabase
    except ImportError:  # the driver is optional
        raise StoreError(
            "PostgreSQL needs packages that are not installed: pip install 'gemeinsam-wirken-bot[postgres]'"
        ) from None
    return PostgresDatabase(url, clock, tenant)
