"""The tables of a store, read without the store."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from bot.store import Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.sqlite.database import SqliteDatabase

Tables = dict[str, list[dict[str, Any]]]


def tables(store: Store) -> Tables:
    """Return all rows of all tables, in an order that depends only on their content."""
    found = of_file(store.database._path) if isinstance(store.database, SqliteDatabase) else _of_server(store)
    return {name: sorted(rows, key=lambda row: repr(sorted(row.items()))) for name, rows in found.items()}


def _of_server(store: Store) -> Tables:
    assert isinstance(store.database, PostgresDatabase)
    with psycopg.connect(store.database._conninfo, user="postgres", row_factory=dict_row) as connection:
        names = [
            row["tablename"] for row in connection.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'")
        ]
        return {name: _own(connection, name, store.database._tenant) for name in names if name != "schema_version"}


def _own(connection: psycopg.Connection[dict[str, Any]], table: str, tenant: str) -> list[dict[str, Any]]:
    query = f"SELECT * FROM {table} WHERE tenant = %s"  # noqa: S608 - of the schema
    rows = connection.execute(query.encode(), (tenant,)).fetchall()
    return [{name: value for name, value in row.items() if name != "tenant"} for row in rows]


def of_file(path: Path) -> Tables:
    """Return the rows of all tables of an SQLite file."""
    with closing(sqlite3.connect(path)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        file.row_factory = sqlite3.Row
        held = {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608 - of the schema
        return {
            name: [dict(row) for row in found]
            for name, found in held.items()
            if name not in ("sqlite_sequence", "_sqlite_migrations")
        }
