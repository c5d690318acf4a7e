"""What survives: the Store protocol and its embedded default. `bot.store.postgres.store` is its other form."""

from bot.store.protocol import OutgoingCall, QueuedCall, Store
from bot.store.sql.store import SqlStore
from bot.store.sqlite.store import SqliteStore

__all__ = ["OutgoingCall", "QueuedCall", "SqlStore", "SqliteStore", "Store"]
