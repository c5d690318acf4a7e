"""Import the rows of a backup, which is untrusted input, into a store that is newly created.

Only the values of known columns are copied. Triggers, views, indexes and unknown tables are left behind; the tables
are created by our own migrations.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from bot.errors import StoreError
from bot.store.sql.database import copy_rows
from bot.store.sql.outgoing_calls import ERASE_THREAD, REQUEST_MAIL_DELETION
from bot.store.sqlite.schema import MIGRATIONS, migrations, pending_steps

STEPS_TABLE = migrations.migrations_table
MAX_VALUE_BYTES = 2**26  # bytes; a hundred times the size of an update
_STORAGE_CLASSES = {"INTEGER": "integer", "TEXT": "text", "REAL": "real"}  # by declared type
# May have been done since the backup was made, and would be done twice. Erasing twice is harmless.
_WAITING_CONDITIONS = {
    "inbox": "done = 0",
    "outbox": f"status = 'queued' AND method NOT IN ('{ERASE_THREAD}', '{REQUEST_MAIL_DELETION}')",
}
_DROP_ASSIGNMENTS = {
    "inbox": "done = 1, chat = '', body = ''",
    "outbox": "status = 'failed', reason = 'not sent again after a restore', params = '{}'",
}


def import_rows(file: Path, target: sqlite3.Connection) -> None:
    """Create the tables in an empty database, fill them from the file, and bring them up to date.

    Raises StoreError if the file is damaged or incomplete, is of a newer version, or has other columns.
    """
    db = Database(target)
    try:
        with closing(_open_read_only(file)) as source:
            source.execute("BEGIN")
            (verdict,) = source.execute("PRAGMA integrity_check").fetchone()
            if verdict != "ok":
                raise StoreError(f"{file} is damaged: {verdict}")
            missing_steps = _missing_steps(source, file)
            with db.atomic():
                migrations.apply(db, stop_before=missing_steps[:1])
                for table in db.table_names():
                    if table != STEPS_TABLE:
                        _import_table(table, source, target, file)
                migrations.apply(db)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise StoreError(f"{file} is not a store of this bot, or cannot be copied: {error}") from None


def count_waiting(db: sqlite3.Connection) -> int:
    """Return the number of unfinished updates and queued calls that would be repeated."""
    queries = [f"SELECT count(*) FROM {table} WHERE {condition}" for table, condition in _WAITING_CONDITIONS.items()]  # noqa: S608 - ours
    return sum(db.execute(query).fetchone()[0] for query in queries)


def drop_waiting(db: sqlite3.Connection) -> None:
    """Mark what `count_waiting` counts as done or failed."""
    with db:
        for table, condition in _WAITING_CONDITIONS.items():
            db.execute(f"UPDATE {table} SET {_DROP_ASSIGNMENTS[table]} WHERE {condition}")  # noqa: S608 - our own words


def _open_read_only(file: Path) -> sqlite3.Connection:
    """Open a backup without writing to its folder, which may be read-only."""
    has_wal = file.with_name(file.name + "-wal").exists()
    mode = "mode=ro" if has_wal else "immutable=1"
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?{mode}", uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)  # no index expression can use up the memory
    return connection


def _missing_steps(source: sqlite3.Connection, file: Path) -> list[str]:
    """Return the steps of the schema that the backup lacks."""
    _check_plain_table(STEPS_TABLE, source, file)
    missing = pending_steps(Database(source), file)
    applied_count = len(MIGRATIONS) - len(missing)
    if not applied_count or missing != list(MIGRATIONS)[applied_count:]:
        raise StoreError(f"{file} is not a complete store of this bot.")
    return missing


def _import_table(table: str, source: sqlite3.Connection, target: sqlite3.Connection, file: Path) -> None:
    own_columns = target.execute(f"PRAGMA table_info({table})")
    storage_classes = {name: _STORAGE_CLASSES[kind] for _, name, kind, *_ in own_columns}
    _check_plain_table(table, source, file)
    hidden_flags = {name: hidden for _, name, *_, hidden in source.execute(f"PRAGMA table_xinfo({table})")}
    if missing := [name for name in storage_classes if hidden_flags.get(name) != 0]:
        raise StoreError(f"{file} is not a complete store of this bot: {table} has no plain column {missing[0]}.")
    if extra := sorted(hidden_flags.keys() - storage_classes.keys()):
        raise StoreError(f"{file} is not a store of this bot: {table} has a column {extra[0]}, which ours lacks.")
    rows = source.execute(f"SELECT {', '.join(storage_classes)} FROM {table}").fetchall()  # noqa: S608 - our own names
    copy_rows(table, list(storage_classes), rows, target, f"the new store from {file}")
    for name, kind in storage_classes.items():
        mismatch_query = f"SELECT 1 FROM {table} WHERE typeof({name}) NOT IN ('null', '{kind}')"  # noqa: S608 - our own names
        if target.execute(mismatch_query).fetchone():
            raise StoreError(
                f"{file} is not a store of this bot: {table}.{name} has a value that is not of type {kind}."
            )


def _check_plain_table(table: str, source: sqlite3.Connection, file: Path) -> None:
    """Raise StoreError unless SQLite itself lists the name as a plain table."""
    table_types = source.execute("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,))
    if table_types.fetchall() != [("table",)]:
        raise StoreError(f"{file} is not a complete store of this bot: it has no plain table {table}.")
