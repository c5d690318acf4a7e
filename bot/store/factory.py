"""Which store an address means."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bot.domain.tenant import MAIN_TENANT
from bot.errors import StoreError
from bot.store.sql.store import SqlStore
from bot.store.sqlite.store import SqliteStore
from bot.store.urls import POSTGRESQL_PREFIXES, SQLITE_PREFIX


def open_store_at(url: str, clock: Callable[[], float], tenant: str = MAIN_TENANT) -> SqlStore:
    """The store at ``sqlite:///<path>`` or ``postgresql://…``, in which ``tenant`` has its part; raises StoreError
    where it cannot be opened."""
    store = _open_backend(url, clock, tenant)
    with ExitStack() as cleanup:
        cleanup.callback(store.close)
        store.make_due_pictures()
        cleanup.pop_all()
    return store


def _open_backend(url: str, clock: Callable[[], float], tenant: str) -> SqlStore:
    if url.startswith(SQLITE_PREFIX):
        return SqliteStore(Path(url.removeprefix(SQLITE_PREFIX)), clock)
    if not url.startswith(POSTGRESQL_PREFIXES):
        raise StoreError(f"A store's address begins with {SQLITE_PREFIX} or {POSTGRESQL_PREFIXES[0]}")
    try:
        from bot.store.postgres.store import PostgresStore
    except ImportError:  # whoever has one file needs no driver
        raise StoreError(
            "PostgreSQL needs packages that are not here: pip install 'gemeinsam-wirken-bot[postgres]'"
        ) from None
    return PostgresStore(url, clock, tenant)
