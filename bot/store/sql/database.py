"""The database under a store: what SQLite and PostgreSQL do differently, and reading rows and JSON columns."""

import asyncio
import hashlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import TypeAdapter

from bot.domain.consultation import Request
from bot.domain.selfcheck import TeamRating
from bot.domain.turn import State
from bot.errors import StoreError
from bot.store.records import POLLING_DUTY, SENDING_DUTY

log = logging.getLogger(__name__)
T = TypeVar("T")
STATE_ADAPTER: TypeAdapter[State] = TypeAdapter(State)
WORDS_ADAPTER: TypeAdapter[dict[str, TeamRating]] = TypeAdapter(dict[str, TeamRating])
ANSWERS_ADAPTER: TypeAdapter[dict[str, int | None]] = TypeAdapter(dict[str, int | None])
REQUEST_ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)

_to_json = json.JSONEncoder(default=repr).encode


class Cursor(Protocol):
    """The result of a statement. Rows are tuples."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return the remaining rows."""


class Transaction(Protocol):
    """An open transaction."""

    def execute(self, sql: str, values: Sequence[object] = ..., /) -> Cursor:
        """Run a statement; each ``?`` in it is bound to one of the values."""


class Database(ABC):
    """An open, thread-safe database. The defaults suit a database used by a single process.

    Every method raises StoreUnavailable, with nothing changed, if it may succeed later; other StoreErrors are final.

    Attributes:
        address: where the data are, for display: without a password.
        clock: returns the Unix time.
        key_prefix: columns that precede the named ones in each primary key.
        not_in_list: condition on the column before it: its value is not in a list, bound as `list_value` returns it.
    """

    address: str
    clock: Callable[[], float]
    key_prefix: ClassVar[tuple[str, ...]] = ()
    not_in_list: ClassVar[str]

    @abstractmethod
    def close(self) -> None:
        """Close the connections; later calls raise StoreError."""

    @abstractmethod
    def check_writable(self) -> None:
        """Write without changing anything; raises StoreError if that fails."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that commits everything or nothing; no other one writes at the same time."""

    @abstractmethod
    def fetch_rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Run a query outside any transaction; each ``?`` in it is bound to one of the values."""

    @abstractmethod
    def list_value(self, values: Collection[int] | Collection[str]) -> object:
        """Convert a list to the value that `not_in_list` takes."""

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        """Try to take a duty, which only one process of a bot has at a time.

        Returns 0 if another process has it; otherwise a number that changes if another may have had it in between.
        """
        return 1

    def acquire_all_duties(self) -> None:
        """Take all duties of a bot; raises StoreError if a bot is using the store."""
        if not (self.try_acquire_leadership(SENDING_DUTY) and self.try_acquire_leadership(POLLING_DUTY)):
            raise StoreError(f"A bot is using {self.address}. Stop it first; nothing was changed.")

    def try_lock_chat(self, chat_key: str) -> bool:
        """Keep other processes from handling a chat; False if one of them is handling it."""
        return True

    def unlock_chat(self, chat_key: str) -> None:  # noqa: B027 - a single process locks nothing
        """Let other processes handle a chat again."""

    async def listen_for_calls(self, on_queued: Callable[[], None]) -> None:
        """Call ``on_queued`` whenever another process may have queued a call, until cancelled."""
        await asyncio.Event().wait()

    def notify_queued(self, db: Transaction) -> None:  # noqa: B027 - a single process has nobody to notify
        """Notify other processes, once the transaction is committed, that a call is queued."""

    def scrub_deleted_data(self) -> None:  # noqa: B027 - not every database keeps it elsewhere
        """Remove deleted data from the files that the database keeps besides its tables, as far as possible."""

    def advance_ids(self, db: Transaction, table: str) -> None:  # noqa: B027 - SQLite continues from the highest id
        """Let new rows of a table get higher ids than those it contains."""

    def upsert_row(self, db: Transaction, table: str, row: Mapping[str, object], *key_columns: str) -> None:
        """Insert a row; if key columns are named, it replaces the row with the same key."""
        sql = insert_statement(table, row)
        if key_columns:
            assignments = ", ".join(f"{column} = excluded.{column}" for column in row if column not in key_columns)
            sql += f" ON CONFLICT ({', '.join(self.key_prefix + key_columns)}) DO UPDATE SET {assignments}"
        db.execute(sql, tuple(row.values()))


class Repository:
    """Some tables of a store. A method that takes ``db`` runs in that transaction, any other in a separate one."""

    def __init__(self, database: Database) -> None:
        self._database = database


def insert_statement(table: str, columns: Collection[str]) -> str:
    """Return the statement that inserts a row."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our names


def copy_rows(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], target_db: Transaction, address: str
) -> None:
    """Insert rows into an empty table; raises StoreError if they differ when read back."""
    statement = insert_statement(table, columns)
    for row in rows:
        target_db.execute(statement, row)
    stored_rows = target_db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608 - our own names
    if len(stored_rows) != len(rows) or _digest_rows(stored_rows) != _digest_rows(rows):
        raise StoreError(f"{table} differs after being copied to {address}; nothing was changed.")


def read_json(adapter: TypeAdapter[T], body: str, description: str) -> T | None:
    """Parse a JSON column: unknown fields are ignored, missing ones get their defaults.

    Returns None, and logs ``description``, if it cannot be read; the row is kept.
    """
    try:
        return adapter.validate_json(body)
    except ValueError:
        log.error("%s cannot be read and is left out", description)
        return None


def _digest_rows(rows: Iterable[Sequence[Any]]) -> int:
    """Return a digest that does not depend on the order of the rows."""
    texts = (_to_json(list(row)).replace("\\u0000", "\\ufffd") for row in rows)  # PostgreSQL has no NUL
    return sum(int.from_bytes(hashlib.blake2b(text.encode()).digest(), "big") for text in texts)
