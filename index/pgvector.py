"""Nearest vectors in PostgreSQL with pgvector (HNSW): the only module of this room that knows the driver.

One table a version of an index, and one row that names the version in use; a copy switches in one transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import sql

from index.dense import EXACT_UP_TO, FLOATS, chunks
from index.errors import IndexUnusable

EF_SEARCH = 400  # candidates that HNSW keeps for a question; at least the neighbours asked for, at most 1,000
_PREFIX = "gw_vectors_"
_HEAD = "CREATE TABLE IF NOT EXISTS gw_index (only_one bool PRIMARY KEY DEFAULT true CHECK (only_one), version text)"
_EXISTS = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = %s"
_OTHERS = """
    SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
    AND starts_with(tablename, 'gw_vectors_') AND tablename <> ALL(%s)
"""
_SWITCH = """
    INSERT INTO gw_index (version) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET version = excluded.version
"""


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection for one piece of work; raises IndexUnusable, without the address, where the server fails."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            yield connection
    except psycopg.Error as error:
        kind = type(error).__name__  # the message itself may hold the address with its password
        raise IndexUnusable(
            f"PostgreSQL cannot be used for the index ({kind}). Check the server and its address."
        ) from None


def publish(folder: Path, url: str, exact_up_to: int = EXACT_UP_TO) -> None:
    """Copy the vectors of an index folder and put them in use; readers keep the version before until then."""
    version, table = folder.resolve().name, _table(folder)
    with connected(url) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        register_vector(connection)
        connection.execute(_HEAD)
        if not connection.execute(_EXISTS, (f"{_PREFIX}{version}",)).fetchone():
            _copy(connection, folder, table, exact_up_to)
        before = connection.execute("SELECT version FROM gw_index").fetchone() or (version,)
        connection.execute(_SWITCH, (version,))
        kept = [f"{_PREFIX}{name}" for name in (version, *before)]
        for (name,) in connection.execute(_OTHERS, (kept,)).fetchall():
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))


def _copy(connection: psycopg.Connection, folder: Path, table: sql.Identifier, exact_up_to: int) -> None:
    count, dimension = np.load(folder / FLOATS, mmap_mode="r").shape
    shape = sql.Literal(dimension)
    connection.execute(sql.SQL("CREATE TABLE {} (row int PRIMARY KEY, v halfvec({}))").format(table, shape))
    put = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(table)
    with connection.cursor() as cursor, cursor.copy(put) as copy:
        copy.set_types(["int4", "halfvec"])
        for row, vector in enumerate(vector for chunk in chunks(folder / FLOATS) for vector in chunk):
            copy.write_row((row, HalfVector(vector)))
    if count > exact_up_to:
        connection.execute(sql.SQL("CREATE INDEX ON {} USING hnsw (v halfvec_ip_ops)").format(table))


def in_use(url: str) -> str:
    """The version in use; raises IndexUnusable where there is none."""
    with connected(url) as connection:
        found = connection.execute("SELECT version FROM gw_index").fetchone()
    if found is None:
        raise IndexUnusable("There is no index in PostgreSQL.")
    return str(found[0])


class PgVectors:
    """The vectors of one version, read over a connection of its own for each question."""

    def __init__(self, folder: Path, url: str, exact_up_to: int = EXACT_UP_TO) -> None:
        """Raises IndexUnusable where this version of the folder was not copied."""
        self._url, self._table = url, _table(folder)
        with connected(url) as connection:
            found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(self._table)).fetchone()
        self._count = int(found[0]) if found else 0
        self.exact = self._count <= exact_up_to

    def __len__(self) -> int:
        return self._count

    def similarities(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of every vector with ``query``, in the order of the rows."""
        found = np.empty(self._count, np.float32)
        rows, scores = self._ask(query, self._count)
        found[rows] = scores
        return found

    def nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers and cosines of the nearest vectors, best first."""
        return self._ask(query, limit)

    def _ask(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        ask = sql.SQL("SELECT row, v <#> %s FROM {} ORDER BY v <#> %s LIMIT %s").format(self._table)
        asked = HalfVector(query)
        with connected(self._url) as connection:
            register_vector(connection)
            connection.execute(sql.SQL("SET hnsw.ef_search = {}").format(sql.Literal(EF_SEARCH)))
            found = connection.execute(ask, (asked, asked, limit)).fetchall()
        return np.array([row for row, _ in found], np.int64), -np.array([score for _, score in found], np.float32)


def _table(folder: Path) -> sql.Identifier:
    return sql.Identifier(f"{_PREFIX}{folder.resolve().name}")
