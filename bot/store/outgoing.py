"""The outbox in SQLite: calls wait here, in order per chat, until Telegram says yes or never."""

import json
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from bot.store.connection import Connection
from bot.store.protocol import Origin, Outgoing, Place, Queued

TOO_LONG = 86_400.0  # seconds; a call that waits for longer was put off while the clock was wrong, and is due
# The oldest queued call of each chat; a chat whose oldest call waits for its time is held back as a whole.
_DUE = """
    SELECT * FROM outbox WHERE id IN (SELECT min(id) FROM outbox WHERE status = 'queued' GROUP BY chat_id)
    AND (not_before <= ? OR not_before > ?) ORDER BY id
"""
_PAIRS = ("origin", "edits", "reply")


class OutboxRows(Connection):
    """What the Store protocol says of messages out."""

    def due(self, now: float) -> list[Queued]:
        return [Queued(row["id"], _outgoing(row), row["attempts"]) for row in self._rows(_DUE, now, now + TOO_LONG)]

    def next_due(self) -> float | None:
        rows = self._rows(
            "SELECT min(not_before) AS time FROM outbox WHERE id IN "
            "(SELECT min(id) FROM outbox WHERE status = 'queued' GROUP BY chat_id)"
        )
        return rows[0]["time"] if rows else None

    def caused(self, chat_id: int, origin: Origin) -> int | None:
        rows = self._rows(
            "SELECT message_id FROM outbox WHERE chat_id = ? AND origin_chat = ? AND origin_message = ? "
            "AND message_id NOT NULL ORDER BY id",
            chat_id,
            *origin,
        )
        return rows[0]["message_id"] if rows else None

    def cause(self, chat_id: int, message_id: int) -> Origin | None:
        rows = self._rows(
            "SELECT origin_chat, origin_message FROM outbox WHERE chat_id = ? AND message_id = ? "
            "AND origin_message NOT NULL",
            chat_id,
            message_id,
        )
        return (rows[0]["origin_chat"], rows[0]["origin_message"]) if rows else None

    def sent(self, queued: int, message_id: int | None) -> None:
        with self._transaction() as db:  # what was sent is no longer held: only what a later edit or reply needs
            db.execute(
                "UPDATE outbox SET status = 'sent', message_id = ?, params = '{}' WHERE id = ?",
                (message_id, queued),
            )

    def failed(self, queued: int, reason: str, out: Sequence[Outgoing] = ()) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE outbox SET status = 'failed', reason = ?, params = '{}' WHERE id = ?",
                (reason, queued),
            )
            for item in out:
                self._enqueue(db, item, None)

    def postpone(self, queued: int, until: float) -> None:
        with self._transaction() as db:
            db.execute("UPDATE outbox SET not_before = ?, attempts = attempts + 1 WHERE id = ?", (until, queued))

    def waiting(self, chat_id: int | None = None) -> int:
        query = "SELECT count(*) AS n FROM outbox WHERE status = 'queued' AND (? IS NULL OR chat_id = ?)"
        return int(self._rows(query, chat_id, chat_id)[0]["n"])

    def oldest_waiting(self) -> float | None:
        since: float | None = self._rows("SELECT min(created) AS time FROM outbox WHERE status = 'queued'")[0]["time"]
        return since

    def moved(self, chat_id: int) -> int:
        rows = self._rows("SELECT new FROM moved WHERE old = ?", chat_id)
        return rows[0]["new"] if rows else chat_id

    def move(self, old: int, new: int) -> None:
        with self._transaction() as db:
            self._move(db, old, new)

    def _move(self, db: Database, old: int, new: int) -> None:
        db.execute("INSERT OR REPLACE INTO moved (old, new) VALUES (?, ?)", (old, new))
        db.execute("UPDATE outbox SET chat_id = ? WHERE chat_id = ? AND status = 'queued'", (new, old))
        db.execute("DELETE FROM threads WHERE chat_id = ?", (old,))  # message ids of a group mean nothing in the new

    def _enqueue(self, db: Database, item: Outgoing, user_id: int | None) -> None:
        row: dict[str, Any] = {
            "chat_id": item.chat_id,
            "method": item.method,
            "params": json.dumps(item.params),
            "request": item.request,
            "place": item.place.value,
            "user_id": user_id,
            "created": self._clock(),
        }
        for name, pair in zip(_PAIRS, (item.origin, item.edits, item.replies), strict=True):
            row[f"{name}_chat"], row[f"{name}_message"] = pair or (None, None)
        db.table("outbox").insert(row)


def _outgoing(row: dict[str, Any]) -> Outgoing:
    origin, edits, replies = (_pair(row, name) for name in _PAIRS)
    params = json.loads(row["params"])
    return Outgoing(
        row["chat_id"], row["method"], params, origin, edits, replies, row["request"], Place(row["place"] or "")
    )


def _pair(row: dict[str, Any], name: str) -> Origin | None:
    chat, message = row[f"{name}_chat"], row[f"{name}_message"]
    return None if message is None else (chat, message)
