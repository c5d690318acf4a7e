"""The queue of updates: confirmed by the offset of the next poll, one poller at a time, or pushed."""

import threading
from typing import Any

from bot.sandbox.fake_telegram.rules import limits

Json = dict[str, Any]

FIRST_ID = 700_000_001
ON_REQUEST_ONLY = {"chat_member", "message_reaction", "message_reaction_count"}


class Updates:
    """All updates there ever were, those not yet confirmed, and who is waiting for them."""

    def __init__(self, condition: threading.Condition) -> None:
        self.condition = condition
        self.next_id = FIRST_ID
        self.polls = 0
        self.everything: list[Json] = []
        self.pending: list[Json] = []
        self.again: list[Json] = []
        self.allowed: list[str] = []
        self.pushed = False
        self.closed = False
        self.waiting = 0
        self._poller = 0
        self._ended_by = ""

    def put(self, kind: str, payload: Json) -> None:
        """Queue an update, unless the bot asked not to get this kind."""
        with self.condition:
            if not self.wanted(kind):
                return
            update = {"update_id": self.next_id, kind: payload}
            self.next_id += 1
            self.everything.append(update)
            self.pending.append(update)
            self.condition.notify_all()

    def wanted(self, kind: str) -> bool:
        """Whether the bot gets this kind of update."""
        return (kind in self.allowed) if self.allowed else (kind not in ON_REQUEST_ONLY)

    def redeliver(self, update_id: int) -> None:
        """Send an update once more, as happens when Telegram did not learn that it arrived."""
        with self.condition:
            self.again.append(next(update for update in self.everything if update["update_id"] == update_id))
            self.condition.notify_all()

    def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """Answer getUpdates: waits until there is something, but no longer than the timeout."""
        with self.condition:
            if self.pushed:
                raise limits.conflict(limits.WEBHOOK_ACTIVE)
            self.polls += 1
            self._confirm(offset)
            if self._any() or timeout <= 0:
                return self._batch(limit)
            self.end_poll(limits.OTHER_POLLER)
            mine = self._poller
            self.waiting += 1
            self.condition.wait_for(lambda: self._any() or self._poller != mine or self.closed, timeout)
            self.waiting -= 1
            if self._poller != mine:
                raise limits.conflict(self._ended_by)
            return self._batch(limit)

    def end_poll(self, reason: str) -> None:
        """Whoever waits for updates now is sent away with a conflict."""
        with self.condition:
            self._poller += 1
            self._ended_by = reason
            self.condition.notify_all()

    def drop(self) -> None:
        """Forget everything that is pending."""
        with self.condition:
            self.pending.clear()
            self.again.clear()

    def close(self) -> None:
        """Let go whoever waits: the stand-in stops."""
        with self.condition:
            self.closed = True
            self.condition.notify_all()

    def done(self, update: Json) -> None:
        """The webhook took this update."""
        with self.condition:
            queue = self.again if update in self.again else self.pending
            if update in queue:
                queue.remove(update)
            self.condition.notify_all()

    def _any(self) -> bool:
        return bool(self.pending or self.again)

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        elif offset < 0:
            self.pending = self.pending[offset:]
        self.condition.notify_all()

    def _batch(self, limit: int) -> list[Json]:
        batch = [*self.again, *self.pending][:limit]
        self.again = self.again[limit:]
        return batch


def chat_of(update: Json) -> int:
    """The chat an update belongs to, or the person; updates of one chat reach a webhook in order."""
    payload = next(value for key, value in update.items() if key != "update_id")
    holder = payload.get("message", payload)
    chat_id: int = holder.get("chat", payload.get("from"))["id"]
    return chat_id
