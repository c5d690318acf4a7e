"""The outbox: calls wait here, in order per chat, until Telegram says yes or never."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.store.protocol import CARD, ERASE, MAIL, MAIL_CHAT, MOST_BESIDE, UNPOST, Origin, Outgoing, Place, Queued
from bot.store.sql.base import Rows, Sql

log = logging.getLogger(__name__)
ALL = 2**31  # more rows than there are
CALLS_KEPT = 120.0  # seconds; the limit of a group reaches over a minute from when the last of its calls arrived
# The oldest queued call of each lane; a lane whose oldest call waits for its time is held back as a whole.
_HEADS = """
    SELECT min(id) AS head, min(urgency) AS urgency, min(urgency * 1000000000000 + id) AS rank
    FROM outbox WHERE status = 'queued' AND limited = ? GROUP BY chat_id, lane
"""
_ALONE = "request = '' AND origin_message IS NULL"  # no later edit or reply can need it
_DUE = f"""
    SELECT outbox.* FROM (
        SELECT head, rank, row_number() OVER (
            PARTITION BY chat_id ORDER BY heads.urgency, CASE WHEN lane %(none_of)s THEN 0 ELSE 1 END, rank
        ) AS turn
        FROM ({_HEADS}) AS heads JOIN outbox ON id = head
        WHERE (not_before <= ? OR noted > ?) AND id %(none_of)s
        AND (limited = 0 AND chat_id <> {MAIL_CHAT} OR chat_id %(none_of)s)
    ) AS turns JOIN outbox ON id = head WHERE turn = 1 ORDER BY rank LIMIT ?
"""  # noqa: S608 - our own words
_NEXT = f"""
    SELECT min(not_before) AS time FROM ({_HEADS.replace("limited = ?", "limited = 0")}
    UNION ALL {_HEADS.replace("limited = ?", "limited = 1")}) AS heads JOIN outbox ON id = head WHERE not_before > ?
"""  # noqa: S608 - our own words
_UNLIMITED = ("answerCallbackQuery", MAIL, UNPOST)
_PAIRS = ("origin", "edits", "reply")


class OutboxRows(Rows):
    """What the Store protocol says of messages out."""

    def due(
        self,
        now: float,
        most: int = -1,
        under_way: Collection[int] = (),
        resting: Collection[int] = (),
        served: Collection[str] = (),
    ) -> list[Queued]:
        busy, chats, lanes = self._list(under_way), self._list(resting), self._list(served)
        query = _DUE % {"none_of": self._none_of}
        rows = [
            row
            for limited, count in ((0, MOST_BESIDE), (1, ALL if most < 0 else most))
            if count
            for row in self._rows(query, lanes, limited, now, now, busy, chats, count)
        ]
        return [queued for row in rows if (queued := self._queued_call(row))]

    def _queued_call(self, row: dict[str, Any]) -> Queued | None:
        try:
            return Queued(row["id"], _outgoing(row), row["attempts"], bool(row["limited"]), row["lane"])
        except (ValueError, TypeError, AttributeError) as error:
            log.error("a queued call cannot be read and is dropped: %s", type(error).__name__)
            self.failed(row["id"], "cannot be read")
            return None

    def next_due(self, after: float = -1.0) -> float | None:
        time: float | None = self._rows(_NEXT, after)[0]["time"]
        return time

    def hold(self, holds: Mapping[int, float]) -> None:
        with self._transaction() as db:
            now = self._clock()
            db.execute("DELETE FROM holds WHERE until < ? OR noted > ?", (now, now))
            for chat_id, until in holds.items():
                self._put(db, "holds", {"chat_id": chat_id, "noted": now, "until": until}, "chat_id")

    def holds(self) -> dict[int, float]:
        found = self._rows("SELECT chat_id, until FROM holds WHERE noted <= ?", self._clock())
        return {row["chat_id"]: row["until"] for row in found}

    def called(self, chat_id: int, at: float) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM group_calls WHERE at < ?", (at - CALLS_KEPT,))
            db.execute("INSERT INTO group_calls (chat_id, at) VALUES (?, ?)", (chat_id, at))

    def calls(self, since: float) -> list[tuple[int, float]]:
        rows = self._rows("SELECT chat_id, at FROM group_calls WHERE at >= ? ORDER BY at", since)
        return [(row["chat_id"], row["at"]) for row in rows]

    def caused(self, chat_id: int, origin: Origin) -> int | None:
        rows = self._rows(
            "SELECT message_id FROM outbox WHERE chat_id = ? AND origin_chat = ? AND origin_message = ? "
            "AND message_id IS NOT NULL ORDER BY id",
            chat_id,
            *origin,
        )
        return rows[0]["message_id"] if rows else None

    def cause(self, chat_id: int, message_id: int) -> Origin | None:
        rows = self._rows(
            "SELECT origin_chat, origin_message FROM outbox WHERE chat_id = ? AND message_id = ? "
            "AND origin_message IS NOT NULL ORDER BY id",
            chat_id,
            message_id,
        )
        return (rows[0]["origin_chat"], rows[0]["origin_message"]) if rows else None

    def sent(self, queued: int, message_id: int | None) -> None:
        with self._transaction() as db:  # what was sent is no longer held: only what a later edit or reply needs
            db.execute(f"DELETE FROM outbox WHERE id = ? AND {_ALONE}", (queued,))  # noqa: S608 - our own condition
            db.execute(
                "UPDATE outbox SET status = 'sent', message_id = ?, params = '{}' WHERE id = ?",
                (message_id, queued),
            )

    def failed(self, queued: int, reason: str, out: Sequence[Outgoing] = ()) -> None:
        with self._transaction() as db:
            db.execute(
                f"DELETE FROM outbox WHERE id = ? AND user_id IS NULL AND {_ALONE}",  # noqa: S608 - our own condition
                (queued,),
            )
            db.execute(
                "UPDATE outbox SET status = 'failed', reason = ?, params = '{}' WHERE id = ?",
                (reason, queued),
            )
            for item in out:
                self._enqueue(db, item, None)

    def postpone(self, queued: int, until: float) -> None:
        with self._transaction() as db:
            values = (self._clock(), until, queued)
            db.execute("UPDATE outbox SET noted = ?, not_before = ?, attempts = attempts + 1 WHERE id = ?", values)

    def waiting(self, chat_id: int | None = None) -> int:
        query = "SELECT count(*) AS n FROM outbox WHERE status = 'queued'"
        one = () if chat_id is None else (chat_id,)
        return int(self._rows(query + " AND chat_id = ?" * len(one), *one)[0]["n"])

    def oldest_waiting(self) -> float | None:
        since: float | None = self._rows("SELECT min(created) AS time FROM outbox WHERE status = 'queued'")[0]["time"]
        return since

    def moved(self, chat_id: int) -> int:
        rows = self._rows("SELECT new FROM moved WHERE old = ?", chat_id)
        return rows[0]["new"] if rows else chat_id

    def move(self, old: int, new: int) -> None:
        with self._transaction() as db:
            self._move(db, old, new)

    def readdress(self, desk: int) -> None:
        with self._transaction() as db:
            query = "UPDATE outbox SET chat_id = ? WHERE place = 'thread' AND status = 'queued' AND chat_id <> ?"
            db.execute(query, (desk, desk))

    def _move(self, db: Sql, old: int, new: int) -> None:
        self._put(db, "moved", {"old": old, "new": new}, "old")
        db.execute("UPDATE outbox SET chat_id = ? WHERE chat_id = ? AND status = 'queued'", (new, old))
        db.execute("DELETE FROM threads WHERE chat_id = ?", (old,))  # message ids of a group mean nothing in the new

    def _enqueue(self, db: Sql, item: Outgoing, user_id: int | None) -> None:
        if item.request and item.method not in (ERASE, UNPOST) and not _known(db, item.request):
            return  # the request was deleted in this moment
        if item.method == CARD:  # it shows how things stand when it is sent, so the last one is enough
            query = "UPDATE outbox SET status = 'dropped' WHERE request = ? AND method = ? AND status = 'queued'"
            db.execute(query, (item.request, CARD))
        row: dict[str, Any] = {
            "chat_id": item.chat_id,
            "method": item.method,
            "params": json.dumps(item.params),
            "request": item.request,
            "place": item.place.value,
            "user_id": user_id,
            "created": self._clock(),
            "urgency": _urgency(item),
            "limited": int(item.method not in _UNLIMITED),
            "lane": item.request if item.place is Place.THREAD or item.chat_id == MAIL_CHAT else "",
        }
        for name, pair in zip(_PAIRS, (item.origin, item.edits, item.replies), strict=True):
            row[f"{name}_chat"], row[f"{name}_message"] = pair or (None, None)
        self._put(db, "outbox", row)
        self._queued(db)


def _urgency(item: Outgoing) -> int:
    """What leaves first where not all can: 0 is about a request for advice, 1 an answer to a question, 2 the rest."""
    if item.request or item.method in (CARD, MAIL):
        return 0
    return 1 if item.origin or item.edits else 2


def _outgoing(row: dict[str, Any]) -> Outgoing:
    origin, edits, replies = (_pair(row, name) for name in _PAIRS)
    params = dict(json.loads(row["params"]))
    return Outgoing(
        row["chat_id"], row["method"], params, origin, edits, replies, row["request"], Place(row["place"] or "")
    )


def _known(db: Sql, reference: str) -> bool:
    return db.execute("SELECT 1 FROM requests WHERE reference = ?", (reference,)).fetchone() is not None


def _pair(row: dict[str, Any], name: str) -> Origin | None:
    chat, message = row[f"{name}_chat"], row[f"{name}_message"]
    return None if message is None else (chat, message)
