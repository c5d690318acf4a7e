"""Named points at which a life ends, and stores around the real one: one that ends it there, three that are broken.

All of them forward what they do not name; the bot is given them as its store, and nothing of it is patched.
"""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.store import SqliteStore, SqlStore

CHANGES = ("INSERT", "UPDATE", "DELETE", "COMMIT")
SENT = "sent.txt"  # the file in which is noted what was recorded as sent


def die() -> None:
    """End this process as `kill -9` does: nothing is finished, flushed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Point:
    """``before`` or ``after`` a method of the store is called for the nth time; ``inside``: at its nth change."""

    when: str
    method: str
    nth: int

    @classmethod
    def read(cls, text: str) -> "Point":
        """From ``before:finish:3``."""
        when, method, nth = text.split(":")
        return cls(when, method, int(nth))


class Around:
    """A store around another one; what it does not define itself goes through."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Recording(Around):
    """Notes in a file what is recorded as sent: the store keeps no row that no later edit or reply can need."""

    def __init__(self, store: Any, file: Path) -> None:
        super().__init__(store)
        self._file = file

    def sent(self, queued: int, message_id: int | None) -> None:
        """Record, then note; whoever is killed between the two has recorded."""
        (row,) = self._store._rows("SELECT chat_id FROM outbox WHERE id = ?", queued)
        self._store.sent(queued, message_id)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{row['chat_id']} {message_id or 0}\n")


class Killing(Around):
    """Ends the process at its point."""

    def __init__(self, store: Any, point: Point | None) -> None:
        super().__init__(store)
        self._point, self._count = point, itertools.count(1)

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        if self._point is None or name != self._point.method:
            return found
        return self._at(found, self._point)

    def _at(self, method: Callable[..., Any], point: Point) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            last = next(self._count) == point.nth
            if last and point.when == "before":
                die()
            result = method(*values, **named)
            if last and point.when == "after":
                die()
            return result

        return called


def watched(store: SqlStore, point: Point | None) -> Killing:
    """The store with its point, which may lie in the middle of a transaction."""
    if point and point.when == "inside":
        count = itertools.count(1)

        def trace(statement: str) -> None:
            if statement.startswith(CHANGES) and next(count) == point.nth:
                die()

        assert isinstance(store, SqliteStore)
        store._db.conn.set_trace_callback(trace)
    return Killing(store, point)


class ConfirmsFirst(Around):
    """Broken: updates are reported as written down before they are, as by a queue in memory."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._held: list[tuple[int, str, str]] = []
        self._lock = threading.Lock()

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Keep them in memory until one of them is finished."""
        with self._lock:
            self._held += updates
        return [number for number, _, _ in updates]

    def finish(self, update_id: int, *values: Any) -> Any:
        """Write down what is held, then finish."""
        with self._lock:
            mine = [row for row in self._held if row[0] == update_id]
            self._held = [row for row in self._held if row[0] != update_id]
        self._store.add_updates(mine)
        return self._store.finish(update_id, *values)


class StateFirst(Around):
    """Broken: the new state is one transaction, what is to be sent another."""

    def finish(self, update_id: int, event: Any, state: Any, out: Any, effects: Any) -> Any:
        """Two commits in place of one."""
        done = self._store.finish(update_id, event, state, (), effects)
        if done:
            self._store.act(out, ())
        return done


class EffectsFirst(Around):
    """Broken: what follows is kept first, and the update marked as done afterwards."""

    def finish(self, update_id: int, event: Any, state: Any, out: Any, effects: Any) -> Any:
        """Two commits in place of one."""
        self._store.act(out, [one for one in effects if type(one).__name__ in ALONE])
        rest = [one for one in effects if type(one).__name__ not in ALONE]
        return self._store.finish(update_id, event, state, (), rest)


ALONE = ("NewRequest", "ChangeRequest", "Said")  # effects that need no event
BROKEN: dict[str, Callable[[Any], Any]] = {
    "": lambda store: store,
    "confirms-first": ConfirmsFirst,
    "state-first": StateFirst,
    "effects-first": EffectsFirst,
}
