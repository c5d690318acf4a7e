"""The rows of a backup in a store of our own making.

Whoever made the file may have put anything into it. Only the values of the columns that we know are taken: triggers,
views, indexes and tables of others stay behind, and our own tables are made by our own steps.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from bot.errors import StoreError
from bot.store.protocol import ERASE, UNPOST
from bot.store.sql.copy import copy_rows
from bot.store.sqlite.migrations import check_version, migrations

STEPS = migrations.migrations_table
LONGEST_VALUE = 2**26  # bytes; an update of Telegram's has a hundredth of it
# Declared -> what such a column holds.
_KINDS = {"INTEGER": "integer", "TEXT": "text", "FLOAT": "real", "REAL": "real"}
# What would be done a second time if it was done since the backup was made. To delete again harms nobody.
_WAITING = {"inbox": "done = 0", "outbox": f"status = 'queued' AND method NOT IN ('{ERASE}', '{UNPOST}')"}
_DROPPED = {
    "inbox": "done = 1, chat = '', body = ''",
    "outbox": "status = 'failed', reason = 'not sent again after a restore', params = '{}'",
}


def import_rows(file: Path, target: sqlite3.Connection) -> None:
    """Make our tables in an empty database, with what the file holds in them, and bring them up to date.

    Raises StoreError where the file is damaged, lacks something, is of a newer version, or has other columns.
    """
    db = Database(target)
    try:
        with closing(_reading(file)) as source:
            source.execute("BEGIN")
            (verdict,) = source.execute("PRAGMA integrity_check").fetchone()
            if verdict != "ok":
                raise StoreError(f"{file} is damaged: {verdict}")
            migrations.apply(db, stop_before=_missing_steps(source, file)[:1])
            with db.atomic():
                for table in db.table_names():
                    if table != STEPS:
                        _import_table(table, source, target, file)
            migrations.apply(db)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise StoreError(f"{file} is no store of this bot, or cannot be copied: {error}") from None


def count_waiting(db: sqlite3.Connection) -> int:
    """How many updates wait to be handled, and calls to be made."""
    queries = [f"SELECT count(*) FROM {table} WHERE {which}" for table, which in _WAITING.items()]  # noqa: S608 - ours
    return sum(db.execute(query).fetchone()[0] for query in queries)


def drop_waiting(db: sqlite3.Connection) -> None:
    """Have nobody come to what waits."""
    with db:
        for table, which in _WAITING.items():
            db.execute(f"UPDATE {table} SET {_DROPPED[table]} WHERE {which}")  # noqa: S608 - our own words


def _reading(file: Path) -> sqlite3.Connection:
    """A backup opened so that nothing is written beside it: it may lie where nothing can be written."""
    logged = file.with_name(file.name + "-wal").exists()
    way = "mode=ro" if logged else "immutable=1"
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?{way}", uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)  # no expression of an index takes all memory
    return connection


def _missing_steps(source: sqlite3.Connection, file: Path) -> list[str]:
    """The steps of the schema that the backup has not taken, which are the last ones."""
    _check_table(STEPS, source, file)
    check_version(Database(source), file)
    applied = {step.name for step in migrations.applied(Database(source))}
    steps = [step.name for step in migrations.pending(Database(memory=True))]
    if not applied or applied != set(steps[: len(applied)]):
        raise StoreError(f"{file} is no complete store of this bot.")
    return steps[len(applied) :]


def _import_table(table: str, source: sqlite3.Connection, target: sqlite3.Connection, file: Path) -> None:
    kinds = {name: _KINDS[kind] for _, name, kind, *_ in target.execute(f"PRAGMA table_info({table})")}
    _check_table(table, source, file)
    found = {name: hidden for _, name, *_, hidden in source.execute(f"PRAGMA table_xinfo({table})")}
    if lacking := [name for name in kinds if found.get(name) != 0]:
        raise StoreError(f"{file} is no complete store of this bot: {table} has no plain column {lacking[0]}.")
    if foreign := sorted(found.keys() - kinds.keys()):
        raise StoreError(
            f"{file} is no store of this bot: {table} has a column {foreign[0]}, which ours does not have."
        )
    rows = source.execute(f"SELECT {', '.join(kinds)} FROM {table}").fetchall()  # noqa: S608 - our own names
    copy_rows(table, list(kinds), rows, target, f"the new store from {file}")
    for name, kind in kinds.items():
        other = f"SELECT 1 FROM {table} WHERE typeof({name}) NOT IN ('null', '{kind}')"  # noqa: S608 - our own names
        if target.execute(other).fetchone():
            raise StoreError(f"{file} is no store of this bot: {table}.{name} holds what is no {kind}.")


def _check_table(table: str, source: sqlite3.Connection, file: Path) -> None:
    """Raise StoreError unless SQLite itself takes the name for that of a plain table."""
    kind = source.execute("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,))
    if kind.fetchall() != [("table",)]:
        raise StoreError(f"{file} is no complete store of this bot: it has no plain table {table}.")
