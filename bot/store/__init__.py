"""What survives: the Store protocol and its embedded default. `bot.store.postgres.store` is its other form."""

from bot.store.protocol import ApiCall, OutgoingCall, QueuedCall, Store
from bot.store.sql.store import SqlStore
from bot.store.sqlite.store import SqliteStore

__all__ = ["ApiCall", "OutgoingCall", "QueuedCall", "SqlStore", "SqliteStore", "Store"]
