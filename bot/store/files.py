"""The store as a file: backup while running, restore with verification."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.errors import StoreError
from bot.store.about import TABLE


def backup(store: Path, file: Path) -> None:
    """Copy the store to a new file by SQLite's online backup; raises StoreError where either cannot be used."""
    if not store.is_file():
        raise StoreError(f"There is no store {store}.")
    if file.exists():
        raise StoreError(f"{file} exists already; name a new file.")
    try:
        file.touch(mode=0o600)
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)
        _verify(file)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{store} could not be copied to {file}: {error}") from None


def restore(file: Path, store: Path) -> Path | None:
    """Put a verified backup in the store's place; returns where the store before is kept."""
    if not file.is_file():
        raise StoreError(f"There is no file {file}.")
    _verify(file)
    store.parent.mkdir(parents=True, exist_ok=True)
    fresh = store.with_name(store.name + ".restoring")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(fresh)) as target:
        source.backup(target)
        target.execute(f"DROP TABLE IF EXISTS {TABLE}")
    kept = _set_aside(store)
    os.replace(fresh, store)
    return kept


def _set_aside(store: Path) -> Path | None:
    if not store.exists():
        return None
    number = 1
    while (kept := store.with_name(f"{store.name}.before-{number}")).exists():
        number += 1
    kept.touch(mode=0o600)
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(kept)) as target:
        source.backup(target)  # with what is still in the write-ahead log
    for suffix in ("-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    return kept


def _verify(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            kinds = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    except sqlite3.Error as error:
        raise StoreError(f"{file} is no store: {error}") from None
    if verdict != "ok" or not {"inbox", "outbox", "requests"} <= kinds.keys():
        raise StoreError(f"{file} is no complete store of this bot.")
    if not set(kinds.values()) <= {"table", "index"}:  # ours has no code that would run by itself
        raise StoreError(f"{file} holds triggers or views, which no store of this bot has.")
