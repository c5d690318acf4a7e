"""The connections to a PostgreSQL that holds indexes: the only module of this room that knows the driver.

A connection serves one statement at a time and is kept for the next. No message shows the address: it may hold a
password, and so may the driver's own messages.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from psycopg import errors, sql

from index.errors import IndexUnreachable, IndexUnusable

# A server that falls silent is given up after seconds, not after the two hours of the system.
_CONNECT_OPTIONS: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 30}
_ABSENT_ERRORS = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn, errors.UndefinedFunction)
_DENIED_ERRORS = (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile)
ResultRow = tuple[Any, ...]


class IndexMissing(IndexUnusable):
    """The schema or table that was asked for does not exist."""


class Transaction:
    """A transaction that writes; statements name their schema as ``{schema}``."""

    def __init__(self, connection: psycopg.Connection[ResultRow], schema: str) -> None:
        self._connection, self.schema = connection, schema

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[ResultRow]:
        """Run one statement; the rows that it gives."""
        cursor = self._connection.execute(_with_schema(self.schema, statement), values or None)
        return cursor.fetchall() if cursor.description else []

    def copy_rows(self, table: str, types: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write rows into a table in PostgreSQL's binary form; ``bytea`` goes as it is into any column."""
        copy_statement = _with_schema(self.schema, f"COPY {table} FROM STDIN (FORMAT BINARY)")
        with self._connection.cursor() as cursor, cursor.copy(copy_statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


class PgDatabase:
    """One server, reached by its address. Safe to use from several threads."""

    def __init__(self, url: str, session_setup: str = "") -> None:
        """``session`` is set on every connection that reads, e.g. ``SET hnsw.ef_search = 400``."""
        self._url, self._session_setup = url, session_setup
        self._idle_connections: SimpleQueue[psycopg.Connection[ResultRow]] = SimpleQueue()

    def fetch_rows(self, statement: str, values: Sequence[object] = (), schema: str = "") -> list[ResultRow]:
        """The rows of one statement; in it ``{schema}`` is the schema's name.

        Raises:
            IndexUnreachable: the server cannot be reached.
            Absent: what is asked for is not there.
            IndexUnusable: anything else; no message shows the address.
        """
        with _translate_errors():
            try:
                connection = self._idle_connections.get_nowait()
            except Empty:
                connection = self._open_connection()
            else:
                try:
                    return self._execute_read(connection, statement, values, schema)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    if not connection.broken and not connection.closed:
                        raise
                    self.close()  # the server was gone since; the others that wait were as well
                    connection = self._open_connection()
            return self._execute_read(connection, statement, values, schema)

    @contextmanager
    def open_transaction(self, schema: str = "") -> Iterator[Transaction]:
        """One transaction over a connection of its own; raises as `rows` does."""
        with _translate_errors(), psycopg.connect(self._url, **_CONNECT_OPTIONS) as connection:
            yield Transaction(connection, schema)

    def close(self) -> None:
        """Close the connections that wait."""
        while True:
            try:
                self._idle_connections.get_nowait().close()
            except Empty:
                return

    def _execute_read(
        self, connection: psycopg.Connection[ResultRow], statement: str, values: Sequence[object], schema: str
    ) -> list[ResultRow]:
        try:
            return connection.execute(_with_schema(schema, statement), values or None, binary=True).fetchall()
        finally:
            if connection.closed:
                connection.close()
            else:
                self._idle_connections.put(connection)

    def _open_connection(self) -> psycopg.Connection[ResultRow]:
        # Nothing is prepared: a plan for any LIMIT would pass over the HNSW index, and poolers need not know of it.
        connection = psycopg.connect(self._url, autocommit=True, prepare_threshold=None, **_CONNECT_OPTIONS)
        try:
            if self._session_setup:
                connection.execute(self._session_setup)
        except BaseException:
            connection.close()
            raise
        return connection


def _with_schema(schema: str, statement: str) -> sql.Composed:
    return sql.SQL(statement).format(schema=sql.Identifier(schema))


@contextmanager
def _translate_errors() -> Iterator[None]:
    """The driver's errors as ours, by their kind only."""
    try:
        yield
    except _ABSENT_ERRORS:
        raise IndexMissing("This index is not in PostgreSQL (any more). Run: gwbot index build") from None
    except _DENIED_ERRORS as error:
        raise IndexUnusable(
            f"PostgreSQL does not let the index be written ({type(error).__name__}): the role needs CREATE on the "
            "database, and the extension must be there. As its superuser: CREATE EXTENSION vector"
        ) from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise IndexUnreachable(
            f"PostgreSQL cannot be used for the index ({type(error).__name__}). Check the server and GW_INDEX_URL."
        ) from None
    except psycopg.Error as error:
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:  # no server has spoken yet
            raise IndexUnusable("GW_INDEX_URL is no address of a PostgreSQL: postgresql://user:pw@host/db") from None
        raise IndexUnusable(
            f"PostgreSQL refuses what the index needs ({type(error).__name__}). Run: gwbot index build"
        ) from None
