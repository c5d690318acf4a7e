"""What survives: the Store protocol and its embedded default."""

from bot.store.protocol import Outgoing, Queued, Store
from bot.store.sqlite import SqliteStore

__all__ = ["Outgoing", "Queued", "SqliteStore", "Store"]
