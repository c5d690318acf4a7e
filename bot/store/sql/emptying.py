"""The end of all that a store holds: where a tenant is given up."""

from bot.store.sql.copy import TABLES
from bot.store.sql.store import SqlStore


def empty(store: SqlStore) -> int:
    """Delete every row of the tenant that the store was opened for; returns how many there were.

    Raises StoreError, and deletes nothing, where a bot is seen to use the store.
    """
    store.take_over()
    with store._transaction() as db:
        rows = sum(db.execute(f"DELETE FROM {table}").rowcount for table in TABLES)  # noqa: S608 - our own names
    store._emptied()
    return rows
