"""Which store an address means."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bot.domain.tenant import MAIN
from bot.errors import StoreError
from bot.store.sql.store import SqlStore
from bot.store.sqlite.store import SqliteStore
from bot.store.urls import POSTGRESQL, SQLITE


def opened(url: str, clock: Callable[[], float], tenant: str = MAIN) -> SqlStore:
    """The store at ``sqlite:///<path>`` or ``postgresql://…``, in which ``tenant`` has its part; raises StoreError
    where it cannot be opened."""
    store = _opened(url, clock, tenant)
    with ExitStack() as failed:
        failed.callback(store.close)
        store.make_pictures()
        failed.pop_all()
    return store


def _opened(url: str, clock: Callable[[], float], tenant: str) -> SqlStore:
    if url.startswith(SQLITE):
        return SqliteStore(Path(url.removeprefix(SQLITE)), clock)
    if not url.startswith(POSTGRESQL):
        raise StoreError(f"A store's address begins with {SQLITE} or {POSTGRESQL[0]}")
    try:
        from bot.store.postgres.store import PostgresStore
    except ImportError:  # whoever has one file needs no driver
        raise StoreError(
            "PostgreSQL needs packages that are not here: pip install 'gemeinsam-wirken-bot[postgres]'"
        ) from None
    return PostgresStore(url, clock, tenant)
