"""The embedded store: what the Store protocol says, over SQLite."""

from bot.store.connection import Connection
from bot.store.sql_store import SqlStore


class SqliteStore(Connection, SqlStore):
    """The Store protocol over SQLite."""
