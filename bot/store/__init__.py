"""What survives: the Store protocol and its embedded default. `bot.store.postgres` is its other form."""

from bot.store.protocol import Outgoing, Queued, Store
from bot.store.sql_store import SqlStore
from bot.store.sqlite import SqliteStore

__all__ = ["Outgoing", "Queued", "SqlStore", "SqliteStore", "Store"]
