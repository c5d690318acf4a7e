"""The update queue: long polling confirmed by offset, one poller at a time, or delivery to a webhook."""

import threading

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json

FIRST_UPDATE_ID = 700_000_001
OPT_IN_KINDS = {"chat_member", "message_reaction", "message_reaction_count"}


class UpdateQueue:
    """All updates so far, those not yet confirmed, and the poll waiting for them."""

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
        """Queue an update if the bot wants its kind."""
        with self.condition:
            if not self.is_wanted(kind):
                return
            update = {"update_id": self.next_id, kind: payload}
            self.next_id += 1
            self.history.append(update)
            self.pending.append(update)
            self.condition.notify_all()

    def is_wanted(self, kind: str) -> bool:
        """Return whether the bot receives this kind of update."""
        return (kind in self.allowed_kinds) if self.allowed_kinds else (kind not in OPT_IN_KINDS)

    def redeliver(self, update_id: int) -> None:
        """Queue an update again, as if its confirmation had been lost."""
        with self.condition:
            self.redelivered.append(next(update for update in self.history if update["update_id"] == update_id))
            self.condition.notify_all()

    def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """Answer getUpdates, waiting up to ``timeout`` seconds; raises ApiError (409) if another takes over."""
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
        """End the waiting poll with a conflict."""
        with self.condition:
            self._poll_number += 1
            self._end_reason = reason
            self.condition.notify_all()

    def drop_pending(self) -> None:
        """Drop all pending updates."""
        with self.condition:
            self.pending.clear()
            self.redelivered.clear()

    def close(self) -> None:
        """Release the waiting poll because the server stops."""
        with self.condition:
            self.closed = True
            self.condition.notify_all()

    def mark_delivered(self, update: Json) -> None:
        """Remove an update that the webhook accepted."""
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
    """Return the id of the chat that an update belongs to, or of the person if it has no chat."""
    payload = next(value for key, value in update.items() if key != "update_id")
    container = payload.get("message", payload)
    chat_id: int = container.get("chat", payload.get("from"))["id"]
    return chat_id
