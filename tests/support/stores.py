"""Empty stores, and a store around another one, for tests that watch it or make it fail."""

import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.store import Store
from bot.store.sqlite.database import SqliteDatabase

PARTS = ("database", "inbox", "users", "requests", "outbox", "selfchecks", "mailboxes", "absences", "erasure")


def empty_store(path: Path, clock: Callable[[], float]) -> Store:
    """A new store in SQLite."""
    write_empty_store(path)
    return Store(SqliteDatabase(path, clock))


def write_empty_store(path: Path) -> None:
    """Write the file of a new store: the same each time, since making its tables takes longer than most tests."""
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_empty_file())


@cache
def _empty_file() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "bot.db")
        SqliteDatabase(path, time.time).close()
        return path.read_bytes()


class Around:
    """Forwards whatever it does not define, also to the repositories, because no method name occurs twice in them."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if name in PARTS:
            return self
        if isinstance(self._store, Around):
            return getattr(self._store, name)
        owners = (self._store, *(getattr(self._store, part) for part in PARTS))
        return getattr(next((owner for owner in owners if hasattr(owner, name)), self._store), name)


class Faulty(Around):
    """A store whose named methods fail with these errors, call by call; None lets a call through."""

    def __init__(self, store: Any, **faults: Iterable[Exception | None]) -> None:
        super().__init__(store)
        self._faults = {name: iter(errors) for name, errors in faults.items()}

    def __getattr__(self, name: str) -> Any:
        real = super().__getattr__(name)
        return partial(self._called, name, real) if name in self._faults else real

    def _called(self, name: str, real: Callable[..., Any], *values: Any) -> Any:
        if error := next(self._faults[name], None):
            raise error
        return real(*values)
