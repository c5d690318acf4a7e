"""Durable state: `Store` over SQLite by default, or over PostgreSQL (`bot.store.postgres`)."""

from bot.store.records import ApiCall, OutgoingCall, QueuedCall
from bot.store.sql.store import Store
from bot.store.sqlite.database import SqliteDatabase

__all__ = ["ApiCall", "OutgoingCall", "QueuedCall", "SqliteDatabase", "Store"]
