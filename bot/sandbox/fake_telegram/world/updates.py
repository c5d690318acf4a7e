"""The queue of updates: confirmed by the offset of the next poll, one poller at a time, or pushed."""

import threading
from typing import Any

from bot.sandbox.fake_telegram.rules import limits

Json = dict[str, Any]

FIRST_UPDATE_ID = 700_000_001
OPT_IN_KINDS = {"chat_member", "message_reaction", "message_reaction_count"}


class UpdateQueue:
    """All updates there ever were, those not yet confirmed, and who is waiting for them."""

    def __init__(self, condition: threading.Condition) -> None:
        self.condition = condition
        self.next_id = FIRST_UPDATE_ID
        self.poll_count = 0
        self.history: list[Json] = []
        self.pending: list[Json] = []
        self.redelivered: list[Json] = []
        self.allowed_kinds: list[str] = []
        self.webhook_active = False
        self.closed = False
        self.waiting_polls = 0
        self._poll_number = 0
        self._end_reason = ""

    def put(self, kind: str, payload: Json) -> None:
        """Queue an update, unless the bot asked not to get this kind."""
        with self.condition:
            if not self.is_wanted(kind):
                return
            update = {"update_id": self.next_id, kind: payload}
            self.next_id += 1
            self.history.append(update)
            self.pending.append(update)
            self.condition.notify_all()

    def is_wanted(self, kind: str) -> bool:
        """Whether the bot gets this kind of update."""
        return (kind in self.allowed_kinds) if self.allowed_kinds else (kind not in OPT_IN_KINDS)

    def redeliver(self, update_id: int) -> None:
        """Send an update once more, as happens when Telegram did not learn that it arrived."""
        with self.condition:
            self.redelivered.append(next(update for update in self.history if update["update_id"] == update_id))
            self.condition.notify_all()

    def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """Answer getUpdates: waits until there is something, but no longer than the timeout."""
        with self.condition:
            if self.webhook_active:
                raise limits.conflict(limits.WEBHOOK_ACTIVE)
            self.poll_count += 1
            self._confirm_below(offset)
            if self._has_updates() or timeout <= 0:
                return self._take_batch(limit)
            self.end_poll(limits.OTHER_POLLER)
            own_number = self._poll_number
            self.waiting_polls += 1
            self.condition.wait_for(
                lambda: self._has_updates() or self._poll_number != own_number or self.closed, timeout
            )
            self.waiting_polls -= 1
            if self._poll_number != own_number:
                raise limits.conflict(self._end_reason)
            return self._take_batch(limit)

    def end_poll(self, reason: str) -> None:
        """Whoever waits for updates now is sent away with a conflict."""
        with self.condition:
            self._poll_number += 1
            self._end_reason = reason
            self.condition.notify_all()

    def drop_pending(self) -> None:
        """Forget everything that is pending."""
        with self.condition:
            self.pending.clear()
            self.redelivered.clear()

    def close(self) -> None:
        """Let go whoever waits: the stand-in stops."""
        with self.condition:
            self.closed = True
            self.condition.notify_all()

    def mark_delivered(self, update: Json) -> None:
        """The webhook took this update."""
        with self.condition:
            queue = self.redelivered if update in self.redelivered else self.pending
            if update in queue:
                queue.remove(update)
            self.condition.notify_all()

    def _has_updates(self) -> bool:
        return bool(self.pending or self.redelivered)

    def _confirm_below(self, offset: int) -> None:
        if offset > 0:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        elif offset < 0:
            self.pending = self.pending[offset:]
        self.condition.notify_all()

    def _take_batch(self, limit: int) -> list[Json]:
        batch = [*self.redelivered, *self.pending][:limit]
        self.redelivered = self.redelivered[limit:]
        return batch


def update_chat_id(update: Json) -> int:
    """The chat an update belongs to, or the person; updates of one chat reach a webhook in order."""
    payload = next(value for key, value in update.items() if key != "update_id")
    container = payload.get("message", payload)
    chat_id: int = container.get("chat", payload.get("from"))["id"]
    return chat_id
