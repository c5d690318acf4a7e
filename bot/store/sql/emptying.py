"""The end of all that a store holds: where a tenant is given up."""

from bot.store.sql.copy import DATA_TABLES
from bot.store.sql.store import SqlStore


def delete_all_rows(store: SqlStore) -> int:
    """Delete every row of the tenant that the store was opened for; returns how many there were.

    Raises StoreError, and deletes nothing, where a bot is seen to use the store.
    """
    store.acquire_all_duties()
    with store._transaction() as db:
        rows = sum(db.execute(f"DELETE FROM {table}").rowcount for table in DATA_TABLES)  # noqa: S608 - our own names
    store._scrub_deleted_data()
    return rows
