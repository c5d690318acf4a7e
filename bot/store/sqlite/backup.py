"""The store as a file: backup while running, restore into a new one."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from glob import escape
from pathlib import Path

from bot.errors import StoreError
from bot.store.sqlite.backup_import import count_waiting, drop_waiting, import_rows

_LOG_SUFFIXES = ("-wal", "-shm")


def backup_store(store: Path, file: Path) -> None:
    """Copy the store to a new file by SQLite's online backup; raises StoreError where either cannot be used."""
    if not store.is_file():
        raise StoreError(f"There is no store {store}.")
    if file.exists():
        raise StoreError(f"{file} exists already; name a new file.")
    try:
        with closing(sqlite3.connect(store)) as source:
            copy_database(source, file)
        with closing(
            sqlite3.connect("")
        ) as scratch:  # it can be restored: so it is read whole, and by the same rules
            import_rows(file, scratch)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{store} could not be copied to {file}: {error}") from None


def copy_database(source: sqlite3.Connection, file: Path) -> None:
    """Copy an open store to a new file that only its owner may read; nothing is left of it where that fails."""
    _create_private_file(file)
    try:
        with closing(sqlite3.connect(file)) as target:
            source.backup(target)
    except BaseException:
        file.unlink()
        raise


def restore_store(file: Path, store: Path, send_waiting: Callable[[int], bool] = lambda waiting: True) -> Path | None:
    """Put a new store with what a backup holds in the store's place; returns where the store before is kept.

    If updates waited to be handled or calls to be made when the backup was made, ``again`` is told how many. If it
    returns True they wait in the new store too; otherwise nobody ever comes to them.

    Raises StoreError, and changes nothing, where the file is damaged, of no store of ours or of a newer version, or
    where a program has the store open.
    """
    if not file.is_file():
        raise StoreError(f"There is no file {file}.")
    new_store = next_free_path(store, "restoring")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        _create_private_file(new_store)
        with closing(sqlite3.connect(new_store)) as target:
            target.execute("PRAGMA secure_delete = ON")  # what is dropped on the way is not left in the file
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
    """A name beside the store that is not in use: bot.db.WORD-1, …-2, and so on."""
    number = 1
    while (path := store.with_name(f"{store.name}.{label}-{number}")).exists():
        number += 1
    return path


def find_rescued(store: Path) -> Path | None:
    """The newest file in which a store was saved that was deleted under a running bot; None where there is none."""
    candidates = store.parent.glob(f"{escape(store.name)}.rescued-*")
    return max(candidates, key=lambda path: path.stat().st_mtime, default=None)


def ensure_not_in_use(store: Path) -> bool:
    """Whether there is a store; raises StoreError where a program has it open."""
    if not store.is_file():
        return False
    _check_unused(store)
    return True


def _create_private_file(file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_aside(store: Path) -> Path | None:
    """Keep the store under another name, also where it is damaged: with it goes what is still in its log."""
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
    """Raise StoreError where a program has the store open. The log is written back on the way."""
    try:
        with closing(sqlite3.connect(store, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # refused while anybody else has it open
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(f"The store {store} is in use. Stop the bot first; nothing was changed.") from None
    except sqlite3.DatabaseError:
        return  # damaged: that is why it is replaced
