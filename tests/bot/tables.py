"""What is in the tables of a store, read past the store."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.store import SqliteStore, SqlStore

Tables = dict[str, list[dict[str, Any]]]


def tables(store: SqlStore) -> Tables:
    """All rows of all tables."""
    assert isinstance(store, SqliteStore)
    return of_file(store._path)


def of_file(path: Path) -> Tables:
    """The same of an SQLite file."""
    with closing(sqlite3.connect(path)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        file.row_factory = sqlite3.Row
        held = {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608 - of the schema
        return {name: [dict(row) for row in found] for name, found in held.items() if name != "sqlite_sequence"}
