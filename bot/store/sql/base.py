"""What the stores have in common below their tables: one SQL, over a connection of whichever database."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from bot.store.protocol import SENDING_DUTY


class Cursor(Protocol):
    """What a statement brought. Rows are tuples."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """The next row; None where there is none."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class Transaction(Protocol):
    """A transaction under way."""

    def execute(self, sql: str, values: Sequence[object] = ..., /) -> Cursor:
        """Run a statement; each ``?`` in it stands for a value."""


class SqlDatabase(ABC):
    """A connection for several threads. ``_clock`` gives Unix time.

    Attributes:
        address: where the store is, to be shown: without a password.
    """

    address: str

    _clock: Callable[[], float]
    _key_prefix: ClassVar[tuple[str, ...]] = ()  # columns that stand first in each key, besides those that are named
    _not_in_list: ClassVar[str]  # follows a column: is none of a list

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    @abstractmethod
    def check_writable(self) -> None:
        """Write without changing anything."""

    @abstractmethod
    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        """See the Store protocol."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Transaction]:
        """Everything or nothing, and no other transaction that writes at the same time."""

    @abstractmethod
    def _fetch_rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """What a query finds, outside of any transaction."""

    @abstractmethod
    def _list_value(self, values: Collection[int] | Collection[str]) -> object:
        """The value that stands for a list behind `_none_of`."""

    def _scrub_deleted_data(self) -> None:  # noqa: B027 - not every database has something to do here
        """What was deleted leaves what the database keeps beside its tables, as far as that is ours to say."""

    def _notify_queued(self, db: Transaction) -> None:  # noqa: B027 - where one process has the store there is nobody to tell
        """Have other processes know, when the transaction is over, that something waits to be sent."""

    def _advance_ids(self, db: Transaction, table: str) -> None:  # noqa: B027 - SQLite goes on from the highest id by itself
        """Have new rows of a table get ids above those that it holds."""

    def _upsert_row(self, db: Transaction, table: str, row: Mapping[str, object], *key_columns: str) -> None:
        """Insert a row; where a key is named, it takes the place of the one with the same key."""
        sql = insert_statement(table, row)
        if key_columns:
            assignments = ", ".join(f"{column} = excluded.{column}" for column in row if column not in key_columns)
            sql += f" ON CONFLICT ({', '.join(self._key_prefix + key_columns)}) DO UPDATE SET {assignments}"
        db.execute(sql, tuple(row.values()))


def insert_statement(table: str, columns: Collection[str]) -> str:
    """The statement that inserts a row."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our names
