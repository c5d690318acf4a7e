"""All that a store holds into another one, of whichever kind."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot.errors import StoreError
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.protocol import POLLING_DUTY, SENDING_DUTY
from bot.store.sql.base import SqlDatabase, Transaction, insert_statement

DATA_TABLES = tuple(
    name for name in DATA_CATALOGUE if name != "_sqlite_migrations"
)  # each store has its own schema's steps

_to_json = json.JSONEncoder(default=repr).encode


class CopyableStore(SqlDatabase):
    """Copying. It is done by the process that has all duties, so that no bot works with either store meanwhile."""

    def copy_to(self, target: "CopyableStore") -> dict[str, int]:
        """Copy everything in one transaction of the target; returns the number of rows of each table.

        Raises StoreError, and leaves the target as it was, where a bot is seen to use one of the two, the target
        holds anything, or what arrives there is not what was sent.
        """
        if self.address == target.address:
            raise StoreError(f"{self.address} cannot be copied to itself.")
        self.acquire_all_duties()
        target.acquire_all_duties()
        with self._transaction(), target._transaction() as target_db:
            for table in DATA_TABLES:
                if target_db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - our own names
                    raise StoreError(f"{target.address} is not empty ({table}); nothing was changed.")
            return {table: self._copy_table(table, target, target_db) for table in DATA_TABLES}

    def acquire_all_duties(self) -> None:
        """Take all duties of a bot; raises StoreError where one is seen to use the store."""
        if not (self.try_acquire_leadership(SENDING_DUTY) and self.try_acquire_leadership(POLLING_DUTY)):
            raise StoreError(f"A bot works with {self.address}. Stop it first; nothing was changed.")

    def _copy_table(self, table: str, target: "CopyableStore", target_db: Transaction) -> int:
        rows = self._fetch_rows(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        for row in rows:
            row.pop("tenant", None)
        if rows:
            columns = list(rows[0])
            copy_rows(table, columns, [list(row.values()) for row in rows], target_db, target.address)
            if "id" in columns:
                target._advance_ids(target_db, table)
        return len(rows)


def copy_rows(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], target_db: Transaction, address: str
) -> None:
    """Insert rows into an empty table; raises StoreError if it does not hold them then as they were."""
    statement = insert_statement(table, columns)
    for row in rows:
        target_db.execute(statement, row)
    stored_rows = target_db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608 - our own names
    if len(stored_rows) != len(rows) or _digest_rows(stored_rows) != _digest_rows(rows):
        raise StoreError(f"{table} did not arrive in {address} as it was; nothing was changed.")


def _digest_rows(rows: Iterable[Sequence[Any]]) -> int:
    """A number that is the same for the same rows in any order."""
    texts = (_to_json(list(row)).replace("\\u0000", "\\ufffd") for row in rows)  # PostgreSQL has no NUL
    return sum(int.from_bytes(hashlib.blake2b(text.encode()).digest(), "big") for text in texts)
