"""Connections to a PostgreSQL server that holds indexes: the only module of index that imports the driver.

A connection runs one statement at a time and is then reused. No error message contains the URL or the driver's own
message, since either may contain a password.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from psycopg import errors, sql

from index.errors import REBUILD_HINT, IndexUnreachable, IndexUnusable

# Detect a silent server within seconds, not after the two hours that are the system's default.
_CONNECT_OPTIONS: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 30}
_ABSENT_ERRORS = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn, errors.UndefinedFunction)
_DENIED_ERRORS = (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile)
ResultRow = tuple[Any, ...]


class IndexMissing(IndexUnusable):
    """A schema or table does not exist."""


class Transaction:
    """A write transaction; ``{schema}`` in a statement stands for the name of the schema."""

    def __init__(self, connection: psycopg.Connection[ResultRow], schema: str) -> None:
        self._connection, self.schema = connection, schema

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[ResultRow]:
        """Run one statement and return its rows."""
        cursor = self._connection.execute(_with_schema(self.schema, statement), values or None)
        return cursor.fetchall() if cursor.description else []

    def copy_rows(self, table: str, types: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Copy rows into a table in binary format; ``bytea`` values are written as they are, whatever the column."""
        copy_statement = _with_schema(self.schema, f"COPY {table} FROM STDIN (FORMAT BINARY)")
        with self._connection.cursor() as cursor, cursor.copy(copy_statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


class PgDatabase:
    """A database with a pool of idle connections; thread-safe."""

    def __init__(self, url: str, session_setup: str = "") -> None:
        """``session_setup`` runs on every new read connection, e.g. ``SET hnsw.ef_search = 400``."""
        self._url, self._session_setup = url, session_setup
        self._idle_connections: SimpleQueue[psycopg.Connection[ResultRow]] = SimpleQueue()

    def fetch_rows(self, statement: str, values: Sequence[object] = (), schema: str = "") -> list[ResultRow]:
        """Return the rows of one statement, in which ``{schema}`` stands for the name of the schema.

        Raises:
            IndexUnreachable: the server cannot be reached.
            IndexMissing: a schema, table, column or function does not exist.
            IndexUnusable: any other error.
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
                    self.close()  # the server went away, and the other idle connections with it
                    connection = self._open_connection()
            return self._execute_read(connection, statement, values, schema)

    @contextmanager
    def open_transaction(self, schema: str = "") -> Iterator[Transaction]:
        """Run one transaction on a new connection; raises the same errors as fetch_rows."""
        with _translate_errors(), psycopg.connect(self._url, **_CONNECT_OPTIONS) as connection:
            yield Transaction(connection, schema)

    def close(self) -> None:
        """Close all idle connections."""
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
        # No prepared statements: generic plans do not use the HNSW index, and poolers may not support them.
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
    """Translate the driver's errors by their type, without their messages."""
    try:
        yield
    except _ABSENT_ERRORS:
        raise IndexMissing(f"This index is not in PostgreSQL (any more). {REBUILD_HINT}") from None
    except _DENIED_ERRORS as error:
        raise IndexUnusable(
            f"PostgreSQL does not allow writing the index ({type(error).__name__}): the role needs CREATE on the "
            "database, and the extension must exist. As a superuser: CREATE EXTENSION vector"
        ) from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise IndexUnreachable(
            f"PostgreSQL cannot be used for the index ({type(error).__name__}). Check the server and GW_INDEX_URL."
        ) from None
    except psycopg.Error as error:
        # Without an SQLSTATE, the driver itself raised it before it reached a server.
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            raise IndexUnusable("GW_INDEX_URL is not a PostgreSQL URL: postgresql://user:pw@host/db") from None
        message = f"PostgreSQL refused a statement of the index ({type(error).__name__}). {REBUILD_HINT}"
        raise IndexUnusable(message) from None
