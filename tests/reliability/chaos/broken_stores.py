"""Stores that are broken on purpose: the checks must find something wrong with each of them."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from bot.domain.effects import AppendTranscript, CreateRequest, UpdateRequest
from tests.support.stores import Around

EVENTLESS_EFFECTS = (CreateRequest, UpdateRequest, AppendTranscript)  # effects that can be stored without an event


class ConfirmsFirst(Around):
    """Reports updates as stored before they are, like a queue in memory."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._held: list[tuple[int, str, str]] = []
        self._lock = threading.Lock()

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Keep each update in memory until it is finished; return their ids as if they were stored."""
        with self._lock:
            self._held += updates
        return [update_id for update_id, _, _ in updates]

    def finish_update(self, update_id: int, *values: Any) -> Any:
        """Store the update only now, then finish it."""
        with self._lock:
            rows = [row for row in self._held if row[0] == update_id]
            self._held = [row for row in self._held if row[0] != update_id]
        self._store.inbox.add_updates(rows)
        return self._store.finish_update(update_id, *values)


class StateFirst(Around):
    """Stores the new state in one transaction and the calls to make in another."""

    def finish_update(self, update_id: int, event: Any, state: Any, calls: Any, effects: Any) -> Any:
        """Make two commits instead of one."""
        finished = self._store.finish_update(update_id, event, state, (), effects)
        if finished:
            self._store.apply(calls, ())
        return finished


class EffectsFirst(Around):
    """Stores the effects first, and marks the update as done afterwards."""

    def finish_update(self, update_id: int, event: Any, state: Any, calls: Any, effects: Any) -> Any:
        """Make two commits instead of one."""
        self._store.apply(calls, [effect for effect in effects if isinstance(effect, EVENTLESS_EFFECTS)])
        others = [effect for effect in effects if not isinstance(effect, EVENTLESS_EFFECTS)]
        return self._store.finish_update(update_id, event, state, (), others)


BROKEN_STORES: dict[str, Callable[[Any], Any]] = {
    "confirms-first": ConfirmsFirst,
    "state-first": StateFirst,
    "effects-first": EffectsFirst,
}
# Where a process with each of these stores is killed: the places at which the fault shows.
BROKEN_STORE_KILL_PLACES = {
    "confirms-first": ("before:add_updates",),
    "state-first": ("before:apply", "after:finish_update"),
    "effects-first": ("after:apply", "before:finish_update"),
}


def break_store(store: Any, name: str) -> Any:
    """Wrap a store in the broken one of this name; return it as it is if the name is ""."""
    return BROKEN_STORES[name](store) if name else store
