"""Back up the store file while the bot runs, describe the personal data in a backup, and restore it."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from bot.domain.calendar import DAY
from bot.errors import StoreError
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.sqlite.backup_import import count_waiting, drop_waiting, import_rows

SUMMARY_TABLE = "about_backup"  # in backups only; restoring leaves it out
PRIVACY_WARNING = (
    "Holds personal data, even of anyone who asks for deletion after it was made: delete it by keep_until."
)
_LOG_SUFFIXES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table in a backup: the number of its rows, and the Unix times of the oldest and the newest."""

    table: str
    description: str
    row_count: int
    oldest: float | None
    newest: float | None


def backup_store(store: Path, file: Path) -> None:
    """Copy the store to a new file by SQLite's online backup; raises StoreError if either cannot be used."""
    if not store.is_file():
        raise StoreError(f"There is no store {store}.")
    if file.exists():
        raise StoreError(f"{file} exists already; name a new file.")
    if not file.parent.is_dir():
        raise StoreError(f"There is no folder {file.parent} for the backup. Create it, or name another file.")
    try:
        with closing(sqlite3.connect(store)) as source:
            copy_database(source, file)
        with closing(sqlite3.connect("")) as scratch:  # verify that it can be restored
            import_rows(file, scratch)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{store} could not be copied to {file}: {error}") from None


def copy_database(source: sqlite3.Connection, file: Path) -> None:
    """Copy an open store to a new file that only its owner may read; removes the file again if that fails."""
    _create_private_file(file)
    try:
        with closing(sqlite3.connect(file)) as target:
            source.backup(target)
    except BaseException:
        file.unlink()
        raise


def restore_store(file: Path, store: Path, send_waiting: Callable[[int], bool] = lambda waiting: True) -> Path | None:
    """Replace the store with the contents of a backup; returns the path of the previous store, which is kept.

    If updates or calls were waiting when the backup was made, ``send_waiting`` is called with their number. If it
    returns True they are waiting in the new store too; otherwise they are dropped.

    Raises StoreError, and changes nothing, if the file is damaged, is not a store of this bot or is of a newer
    version, or if a program has the store open.
    """
    if not file.is_file():
        raise StoreError(f"There is no file {file}.")
    new_store = next_free_path(store, "restoring")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        _create_private_file(new_store)
        with closing(sqlite3.connect(new_store)) as target:
            target.execute("PRAGMA secure_delete = ON")  # leave no trace of dropped rows in the file
            import_rows(file, target)
            if (waiting := count_waiting(target)) and not send_waiting(waiting):
                drop_waiting(target)
        previous = _set_aside(store)
        os.replace(new_store, store)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{file} could not be restored as {store}: {error}") from None
    finally:
        new_store.unlink(missing_ok=True)
    return previous


def next_free_path(store: Path, label: str) -> Path:
    """Return the first unused path next to the store: bot.db.LABEL-1, …-2, and so on."""
    number = 1
    while (path := store.with_name(f"{store.name}.{label}-{number}")).exists():
        number += 1
    return path


def find_rescued(store: Path) -> Path | None:
    """Return the newest rescue file of a store that was deleted under a running bot, or None."""
    candidates = store.parent.glob(f"{escape(store.name)}.rescued-*")
    return max(candidates, key=lambda path: path.stat().st_mtime, default=None)


def ensure_not_in_use(store: Path) -> bool:
    """Return whether there is a store; raises StoreError if a program has it open."""
    if not store.is_file():
        return False
    _check_unused(store)
    return True


def describe_backup(file: Path, now: float, retention_days: int) -> list[TableSummary]:
    """Write a summary of its personal data into a backup, and return it; raises StoreError if writing fails."""
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            tables = (table for table, info in DATA_CATALOGUE.items() if info.owner_condition)
            summaries = [_summarise_table(connection, table) for table in tables]
            connection.execute(f"CREATE TABLE {SUMMARY_TABLE} (kind, holds, rows, oldest, newest)")
            rows = [
                (s.table, s.description, s.row_count, _format_day(s.oldest), _format_day(s.newest)) for s in summaries
            ]
            rows += [
                ("made", PRIVACY_WARNING, 0, _format_day(now), _format_day(now)),
                ("keep_until", "", 0, "", _format_day(now + retention_days * DAY)),
            ]
            connection.executemany(f"INSERT INTO {SUMMARY_TABLE} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608 - our own name
    except sqlite3.Error as error:
        raise StoreError(f"{file} could not be described: {error}") from None
    return summaries


def summary_text(summaries: list[TableSummary], now: float, retention_days: int) -> str:
    """Return the summary for the operator: what the backup contains, and by when to delete it."""
    lines = [f"  {s.row_count:7}  {s.table:10}{_format_period(s)}" for s in summaries if s.row_count]
    return "\n".join(
        (
            "It holds personal data: keep it as safe as the store.",
            *(lines or ["  nothing about anybody yet"]),
            "Data of people who ask for deletion from now on remain in it. "
            f"Delete it by {_format_day(now + retention_days * DAY)} at the latest.",
        )
    )


def _create_private_file(file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_aside(store: Path) -> Path | None:
    """Keep the store, even a damaged one, under another name, with its write-ahead log."""
    if not store.exists():
        return None
    _check_unused(store)
    previous = next_free_path(store, "before")
    shutil.copy2(store, previous)
    for suffix in _LOG_SUFFIXES:
        log = store.with_name(store.name + suffix)
        if log.exists():
            os.replace(log, previous.with_name(previous.name + suffix))
    return previous


def _check_unused(store: Path) -> None:
    """Raise StoreError if a program has the store open. This also writes the log back."""
    try:
        with closing(sqlite3.connect(store, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # refused while anybody else has it open
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(f"The store {store} is in use. Stop the bot first; nothing was changed.") from None
    except sqlite3.DatabaseError:
        return  # damaged, which is why it is being replaced


def _summarise_table(connection: sqlite3.Connection, table: str) -> TableSummary:
    columns = (column for column, _ in DATA_CATALOGUE[table].columns)
    time_columns = [column for column in columns if column in ("created", "updated", "received")]
    period = f"min({time_columns[0]}), max({time_columns[0]})" if time_columns else "NULL, NULL"
    condition = "WHERE done = 0" if table == "inbox" else ""
    query = f"SELECT count(*), {period} FROM {table} {condition}"  # noqa: S608 - our own names
    return TableSummary(table, DATA_CATALOGUE[table].description, *connection.execute(query).fetchone())


def _format_period(summary: TableSummary) -> str:
    return "" if summary.oldest is None else f"  {_format_day(summary.oldest)} to {_format_day(summary.newest)}"


def _format_day(timestamp: float | None) -> str:
    return "" if timestamp is None else datetime.fromtimestamp(timestamp, UTC).date().isoformat()
