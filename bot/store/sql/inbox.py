"""The inbox: updates are stored before they are confirmed to Telegram, and handled in order per chat."""

from collections.abc import Collection, Sequence
from typing import Any

from bot.errors import StoreError
from bot.store.records import ClaimedUpdate
from bot.store.sql.database import Repository, Transaction

_UNDONE_UPDATES = "SELECT update_id, body FROM inbox WHERE chat = ? AND done = 0 AND update_id"
MAX_WAITING_UPDATES = 50  # an album has ten messages, and others may arrive in between


class InboxRepository(Repository):
    """Incoming updates. A chat key names the chat whose updates are handled in order."""

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Store updates, given as (id, chat key, JSON); returns the ids not seen before."""
        new_ids = []
        with self._database.transaction() as db:
            for update_id, chat_key, body in updates:
                cursor = db.execute(
                    "INSERT INTO inbox (update_id, chat, body, received, done) VALUES (?, ?, ?, ?, 0) "
                    "ON CONFLICT DO NOTHING",
                    (update_id, chat_key, body, self._database.clock()),
                )
                if cursor.rowcount:
                    new_ids.append(update_id)
        return new_ids

    def pending_updates(self) -> list[tuple[int, str]]:
        """Return all unfinished updates as (id, chat key), in order; without their bodies, which may be many."""
        rows = self._database.fetch_rows("SELECT update_id, chat FROM inbox WHERE done = 0 ORDER BY update_id")
        return [(row["update_id"], row["chat"]) for row in rows]

    def claim_update(self, chat_key: str, excluded: Collection[int]) -> ClaimedUpdate | None:
        """Claim a chat's oldest unfinished update whose id is not ``excluded``.

        Returns None if there is none, or if another process is handling the chat. Until `release_chat` no other
        process can claim an update of this chat.
        """
        while self._database.try_lock_chat(chat_key):
            try:
                rows = self._undone_updates(chat_key, excluded, 2)
            except StoreError:
                self._database.unlock_chat(chat_key)
                raise
            if rows:
                return ClaimedUpdate(rows[0]["update_id"], rows[0]["body"], len(rows) > 1)
            if not self.release_chat(chat_key, excluded):
                break
        return None

    def release_chat(self, chat_key: str, excluded: Collection[int]) -> bool:
        """Let other processes handle a chat; returns whether an update not ``excluded`` is unfinished."""
        self._database.unlock_chat(chat_key)
        # queried after unlocking, so that an update that arrived in the meantime is not forgotten
        return bool(self._undone_updates(chat_key, excluded, 1))

    def waiting_updates(self, chat_key: str) -> list[str]:
        """Return a chat's next unfinished updates as JSON, in order."""
        return [row["body"] for row in self._undone_updates(chat_key, (), MAX_WAITING_UPDATES)]

    def count_pending_updates(self) -> int:
        """Return how many updates are unfinished."""
        return int(self._database.fetch_rows("SELECT count(*) AS n FROM inbox WHERE done = 0")[0]["n"])

    def mark_done(self, db: Transaction, update_id: int) -> bool:
        """Mark an update as done and delete its content; False if it was already done."""
        query = "UPDATE inbox SET done = 1, chat = '', body = '' WHERE update_id = ? AND done = 0"
        return bool(db.execute(query, (update_id,)).rowcount)

    def _undone_updates(self, chat_key: str, excluded: Collection[int], limit: int) -> list[dict[str, Any]]:
        return self._database.fetch_rows(
            f"{_UNDONE_UPDATES} {self._database.not_in_list} ORDER BY update_id LIMIT ?",
            *(chat_key, self._database.list_value(excluded), limit),
        )
