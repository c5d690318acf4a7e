"""The outbox: calls wait here, in order per lane, until Telegram accepts or finally rejects them."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.domain.message import AlertOperator, RefreshCard
from bot.store.records import (
    COPY_ALBUM,
    MAX_UNLIMITED_CALLS,
    SET_REACTION,
    ApiCall,
    EraseThread,
    OutgoingCall,
    QueuedCall,
    RelayedMessage,
    RequestMailDeletion,
    SourceMessage,
)
from bot.store.sql.database import Repository, Transaction
from bot.store.sql.desk import DESK_TABLES
from bot.store.sql.outgoing_calls import MAIL_CHAT, REFRESH_CARD, from_row, to_row

log = logging.getLogger(__name__)
NO_LIMIT = 2**31  # more rows than there are
GROUP_CALL_PERIOD = 120.0  # seconds; a group's limit covers the minute before its last call arrived
# The oldest queued call of each lane; if it has to wait, so does its whole lane.
_HEADS = """
    SELECT min(id) AS head, min(urgency) AS urgency, min(urgency * 1000000000000 + id) AS rank
    FROM outbox WHERE status = 'queued' AND limited = ? GROUP BY chat_id, lane
"""
# Not needed by any later edit or reply.
# The other messages of the album that a call copies; the call's own row stands for the first.
_PARTS_OF_CALL = """
    status = 'part' AND (chat_id, reply_chat, reply_message) =
    (SELECT chat_id, origin_chat, origin_message FROM outbox WHERE id = ?)
"""
_IS_UNREFERENCED = f"(request = '' AND origin_message IS NULL OR method = '{SET_REACTION}')"
_DUE_CALLS = f"""
    SELECT outbox.* FROM (
        SELECT head, rank, row_number() OVER (
            PARTITION BY chat_id ORDER BY heads.urgency, CASE WHEN lane %(none_of)s THEN 0 ELSE 1 END, rank
        ) AS turn
        FROM ({_HEADS}) AS heads JOIN outbox ON id = head
        WHERE (not_before <= ? OR noted > ?) AND id %(none_of)s
        AND (limited = 0 AND chat_id <> {MAIL_CHAT} OR chat_id %(none_of)s)
    ) AS turns JOIN outbox ON id = head WHERE turn = 1 ORDER BY rank LIMIT ?
"""  # noqa: S608 - our own words
_NEXT_DUE_TIME = f"""
    SELECT min(not_before) AS time FROM ({_HEADS.replace("limited = ?", "limited = 0")}
    UNION ALL {_HEADS.replace("limited = ?", "limited = 1")}) AS heads JOIN outbox ON id = head WHERE not_before > ?
"""  # noqa: S608 - our own words


class OutboxRepository(Repository):
    """Outgoing calls, their limits, and the current ids of their chats."""

    def due_calls(
        self,
        now: float,
        limit: int = -1,
        in_flight: Collection[int] = (),
        paused_chats: Collection[int] = (),
        served_lanes: Collection[str] = (),
    ) -> list[QueuedCall]:
        """Return the next call of each chat: the oldest one of one of its lanes, unless that has to wait.

        Calls of one lane are made in order, so a call that has to wait delays only its lane. Each request has a lane
        in the advisers' chat and one for its e-mails; everything else sent to a chat is one lane. Lanes not in
        ``served_lanes`` come first, so that lanes take turns. Calls that Telegram does not limit have separate lanes.
        A call that cannot be read is marked as failed.

        Args:
            now: Unix time.
            limit: maximum number of rate-limited calls, -1 for all: first those to chats for which a call about a
                request is queued, then answers to questions, then the rest, each oldest first. At most
                `MAX_UNLIMITED_CALLS` unlimited calls are returned in addition.
            in_flight: ids of calls to leave out.
            paused_chats: queues from which no rate-limited call, or no e-mail, is returned.
            served_lanes: lanes that had their turn.
        """
        list_value, query = self._database.list_value, _DUE_CALLS % {"none_of": self._database.not_in_list}
        late_lanes, excluded = list_value(served_lanes), (list_value(in_flight), list_value(paused_chats))
        rows = [
            row
            for limited, count in ((0, MAX_UNLIMITED_CALLS), (1, NO_LIMIT if limit < 0 else limit))
            if count
            for row in self._database.fetch_rows(query, late_lanes, limited, now, now, *excluded, count)
        ]
        return [queued for row in rows if (queued := self._read_queued_call(row))]

    def _read_queued_call(self, row: dict[str, Any]) -> QueuedCall | None:
        try:
            call, is_limited = from_row(row), bool(row["limited"])
            return QueuedCall(row["id"], row["chat_id"], call, row["attempts"], is_limited, row["lane"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.error("a queued call cannot be read and is dropped: %s", type(error).__name__)
            self.mark_failed(row["id"], "cannot be read")
            return None

    def next_due_time(self, after: float = -1.0) -> float | None:
        """Return the earliest time (Unix) later than ``after`` until which the oldest call of a lane waits."""
        time: float | None = self._database.fetch_rows(_NEXT_DUE_TIME, after)[0]["time"]
        return time

    def save_rate_limits(self, until_by_chat: Mapping[int, float]) -> None:
        """Save until when (Unix time) Telegram accepts nothing for a chat; chat 0 means all chats."""
        with self._database.transaction() as db:
            now = self._database.clock()
            db.execute("DELETE FROM holds WHERE until < ? OR noted > ?", (now, now))
            for chat_id, until in until_by_chat.items():
                self._database.upsert_row(db, "holds", {"chat_id": chat_id, "noted": now, "until": until}, "chat_id")

    def rate_limits(self) -> dict[int, float]:
        """Return what `save_rate_limits` saved, except what a clock that was ahead saved in the future."""
        rows = self._database.fetch_rows("SELECT chat_id, until FROM holds WHERE noted <= ?", self._database.clock())
        return {row["chat_id"]: row["until"] for row in rows}

    def record_group_call(self, chat_id: int, called_at: float) -> None:
        """Record a rate-limited call to a group."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM group_calls WHERE at < ?", (called_at - GROUP_CALL_PERIOD,))
            db.execute("INSERT INTO group_calls (chat_id, at) VALUES (?, ?)", (chat_id, called_at))

    def group_calls(self, since: float) -> list[tuple[int, float]]:
        """Return the calls to groups as (chat, time), oldest first; calls older than two minutes are not stored."""
        rows = self._database.fetch_rows("SELECT chat_id, at FROM group_calls WHERE at >= ? ORDER BY at", since)
        return [(row["chat_id"], row["at"]) for row in rows]

    def find_reply_to(self, chat_id: int, source: SourceMessage) -> int | None:
        """Return the id of the message in a chat that a person's message caused: its answer, or its copy."""
        rows = self._database.fetch_rows(
            "SELECT message_id FROM outbox WHERE chat_id = ? AND origin_chat = ? AND origin_message = ? "
            "AND message_id IS NOT NULL ORDER BY id",
            chat_id,
            *source,
        )
        return rows[0]["message_id"] if rows else None

    def find_source(self, chat_id: int, message_id: int) -> SourceMessage | None:
        """Return the person's message that caused a message of the bot."""
        rows = self._database.fetch_rows(
            "SELECT origin_chat, origin_message FROM outbox WHERE chat_id = ? AND message_id = ? "
            "AND origin_message IS NOT NULL ORDER BY id",
            chat_id,
            message_id,
        )
        return (rows[0]["origin_chat"], rows[0]["origin_message"]) if rows else None

    def sent_to_requester(self, reference: str, adviser_chat: int, requester_chat: int) -> list[RelayedMessage]:
        """Return what advisers sent to a requester and did not take back, the latest first."""
        rows = self._database.fetch_rows(
            "SELECT origin_message AS number, user_id, created, "
            "CASE WHEN method = 'copyMessages' THEN coalesce(reply_message, origin_message) END AS album "
            "FROM outbox WHERE request = ? AND chat_id = ? AND origin_chat = ? AND origin_message IS NOT NULL "
            "AND status IN ('queued', 'sent', 'part') ORDER BY id DESC",
            *(reference, requester_chat, adviser_chat),
        )
        return [RelayedMessage(**row) for row in rows]

    def mark_sent(
        self,
        call_id: int,
        message_id: int | None,
        receipts: Sequence[OutgoingCall] = (),
        album: Sequence[SourceMessage] = (),
    ) -> None:
        """Record that a call succeeded, and enqueue the calls that show it to its writer.

        Its text is deleted, and the whole row if no later edit or reply can need it. ``message_id`` is the id of the
        new message, if there is one, and ``album`` those of the further copies of an album, each after its original.
        """
        with self._database.transaction() as db:
            for original_id, copy_id in album:
                self._record_album_copy(db, call_id, original_id, copy_id)
            db.execute(f"DELETE FROM outbox WHERE id = ? AND {_IS_UNREFERENCED}", (call_id,))  # noqa: S608 - our own condition
            query = "UPDATE outbox SET status = 'sent', message_id = ?, params = '{}' WHERE id = ?"
            db.execute(query, (message_id, call_id))
            for receipt in receipts:
                self.enqueue_call(db, receipt, None)

    def _record_album_copy(self, db: Transaction, call_id: int, original_id: int, copy_id: int) -> None:
        """Record a copy; without its original, only that it is there, so that it can be deleted with its request."""
        query = f"UPDATE outbox SET status = 'sent', message_id = ? WHERE {_PARTS_OF_CALL} AND origin_message = ?"  # noqa: S608 - our own
        if not db.execute(query, (copy_id, call_id, original_id)).rowcount:
            db.execute(
                "INSERT INTO outbox (chat_id, message_id, method, params, status, request, place, attempts, "
                "not_before, created) SELECT chat_id, ?, 'noted', '{}', 'sent', request, place, 0, 0, created "
                "FROM outbox WHERE id = ?",
                (copy_id, call_id),
            )

    def mark_failed(self, call_id: int, reason: str, notices: Sequence[OutgoingCall] = ()) -> None:
        """Record that a call failed for good, and enqueue notices about it."""
        with self._database.transaction() as db:
            query = f"DELETE FROM outbox WHERE id = ? AND user_id IS NULL AND {_IS_UNREFERENCED}"  # noqa: S608 - our own
            db.execute(query, (call_id,))
            query = "UPDATE outbox SET status = 'failed', reason = ?, params = '{}' WHERE id = ?"
            db.execute(query, (reason, call_id))
            db.execute(f"UPDATE outbox SET status = 'failed' WHERE {_PARTS_OF_CALL}", (call_id,))  # noqa: S608 - our own
            for notice in notices:
                self.enqueue_call(db, notice, None)

    def postpone_call(self, call_id: int, until: float) -> None:
        """Record a failed attempt; the call is retried at ``until`` (Unix time)."""
        with self._database.transaction() as db:
            values = (self._database.clock(), until, call_id)
            db.execute("UPDATE outbox SET noted = ?, not_before = ?, attempts = attempts + 1 WHERE id = ?", values)

    def count_queued_calls(self, chat_id: int | None = None) -> int:
        """Return how many calls are queued, in total or for one chat."""
        query = "SELECT count(*) AS n FROM outbox WHERE status = 'queued'"
        filter_values = () if chat_id is None else (chat_id,)
        return int(self._database.fetch_rows(query + " AND chat_id = ?" * len(filter_values), *filter_values)[0]["n"])

    def oldest_queued_at(self) -> float | None:
        """Return since when (Unix time) the oldest queued call has been waiting; None if none is queued."""
        query = "SELECT min(created) AS time FROM outbox WHERE status = 'queued'"
        queued_at: float | None = self._database.fetch_rows(query)[0]["time"]
        return queued_at

    def has_written_since(self, chat_id: int, time: float) -> bool:
        """Return whether anything about a request was sent or queued to a chat more than a second after a time."""
        query = "SELECT 1 FROM outbox WHERE chat_id = ? AND request <> '' AND created > ? LIMIT 1"
        return bool(self._database.fetch_rows(query, chat_id, time + 1))

    def current_chat_id(self, chat_id: int) -> int:
        """Return the current id of a chat; it changes if a group is upgraded to a supergroup."""
        rows = self._database.fetch_rows("SELECT new FROM moved WHERE old = ?", chat_id)
        return rows[0]["new"] if rows else chat_id

    def migrate_chat(self, old_id: int, new_id: int) -> None:
        """Call `move_chat` in a separate transaction."""
        with self._database.transaction() as db:
            self.move_chat(db, old_id, new_id)

    def redirect_adviser_calls(self, adviser_chat: int) -> None:
        """Redirect the calls queued for the advisers to this chat, whichever chat they were queued for."""
        with self._database.transaction() as db:
            query = "UPDATE outbox SET chat_id = ? WHERE place = 'thread' AND status = 'queued' AND chat_id <> ?"
            db.execute(query, (adviser_chat, adviser_chat))

    def queued_thread_requests(self) -> list[str]:
        """Return the references of the requests about which calls are queued for their advisers."""
        query = "SELECT DISTINCT request FROM outbox WHERE place = 'thread' AND status = 'queued' ORDER BY request"
        return [row["request"] for row in self._database.fetch_rows(query)]

    def redirect_request_calls(self, reference: str, chat_id: int, fine_chats: Sequence[int] = ()) -> None:
        """Redirect the calls about a request that are queued for its advisers, unless they go to ``fine_chats``."""
        with self._database.transaction() as db:
            query = "UPDATE outbox SET chat_id = ? WHERE place = 'thread' AND status = 'queued' AND request = ? "
            query += f"AND chat_id {self._database.not_in_list}"
            db.execute(query, (chat_id, reference, self._database.list_value([chat_id, *fine_chats])))

    def move_chat(self, db: Transaction, old_id: int, new_id: int) -> None:
        """Record that a group was upgraded to a supergroup, and redirect the calls queued for it."""
        self._database.upsert_row(db, "moved", {"old": old_id, "new": new_id}, "old")
        db.execute("UPDATE outbox SET chat_id = ? WHERE chat_id = ? AND status = 'queued'", (new_id, old_id))
        for table in DESK_TABLES:
            db.execute(f"UPDATE {table} SET desk = ? WHERE desk = ?", (new_id, old_id))  # noqa: S608 - our own names
        # message ids of the old group mean nothing in the new one
        db.execute("DELETE FROM threads WHERE chat_id = ?", (old_id,))

    def enqueue_call(self, db: Transaction, call: OutgoingCall, user_id: int | None) -> None:
        """Append a call to the queue, unless its request was deleted; ``user_id`` is the person who caused it."""
        reference = "" if isinstance(call, EraseThread | RequestMailDeletion | AlertOperator) else call.reference
        if reference and not db.execute("SELECT 1 FROM requests WHERE reference = ?", (reference,)).fetchone():
            return  # the request was deleted in the meantime
        if isinstance(call, RefreshCard):  # rendered when it is sent, so one is enough
            query = "UPDATE outbox SET status = 'dropped' WHERE request = ? AND method = ? AND status = 'queued'"
            db.execute(query, (call.reference, REFRESH_CARD))
        row = to_row(call) | {"user_id": user_id, "created": self._database.clock()}
        self._database.upsert_row(db, "outbox", row)
        if isinstance(call, ApiCall) and call.method == COPY_ALBUM:
            for message_id in call.params["message_ids"][1:]:
                part = {"status": "part", "params": "{}", "origin_message": message_id}
                part |= {"reply_chat": row["origin_chat"], "reply_message": row["origin_message"]}
                self._database.upsert_row(db, "outbox", row | part)
        self._database.notify_queued(db)
