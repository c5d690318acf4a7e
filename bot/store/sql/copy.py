"""All that a store holds into another one, of whichever kind."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot.errors import StoreError
from bot.store.personal_data import HELD
from bot.store.protocol import POLLING, SENDING
from bot.store.sql.base import Rows, Sql, insertion

TABLES = tuple(name for name in HELD if name != "_sqlite_migrations")  # each store has its own schema's steps

_as_text = json.JSONEncoder(default=repr).encode


class CopyRows(Rows):
    """Copying. It is done by the process that has all duties, so that no bot works with either store meanwhile."""

    def copy_to(self, target: "CopyRows") -> dict[str, int]:
        """Copy everything in one transaction of the target; returns the number of rows of each table.

        Raises StoreError, and leaves the target as it was, where a bot is seen to use one of the two, the target
        holds anything, or what arrives there is not what was sent.
        """
        if self.address == target.address:
            raise StoreError(f"{self.address} cannot be copied to itself.")
        self.take_over()
        target.take_over()
        with self._transaction(), target._transaction() as there:
            for table in TABLES:
                if there.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - our own names
                    raise StoreError(f"{target.address} is not empty ({table}); nothing was changed.")
            return {table: self._copy_table(table, target, there) for table in TABLES}

    def take_over(self) -> None:
        """Take all duties of a bot; raises StoreError where one is seen to use the store."""
        if not (self.lead(SENDING) and self.lead(POLLING)):
            raise StoreError(f"A bot works with {self.address}. Stop it first; nothing was changed.")

    def _copy_table(self, table: str, target: "CopyRows", there: Sql) -> int:
        rows = self._rows(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        for row in rows:
            row.pop("tenant", None)
        if rows:
            columns = list(rows[0])
            copy_rows(table, columns, [list(row.values()) for row in rows], there, target.address)
            if "id" in columns:
                target._number_on(there, table)
        return len(rows)


def copy_rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], there: Sql, address: str) -> None:
    """Insert rows into an empty table; raises StoreError if it does not hold them then as they were."""
    statement = insertion(table, columns)
    for row in rows:
        there.execute(statement, row)
    found = there.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608 - our own names
    if len(found) != len(rows) or _digest(found) != _digest(rows):
        raise StoreError(f"{table} did not arrive in {address} as it was; nothing was changed.")


def _digest(rows: Iterable[Sequence[Any]]) -> int:
    """A number that is the same for the same rows in any order."""
    texts = (_as_text(list(row)).replace("\\u0000", "\\ufffd") for row in rows)  # PostgreSQL has no NUL
    return sum(int.from_bytes(hashlib.blake2b(text.encode()).digest(), "big") for text in texts)
