"""All data about a person, and its erasure: on request, or when it expires."""

from collections.abc import Iterable
from typing import Any

from bot.domain.consultation import Request
from bot.store.personal_data import DATA_CATALOGUE, bind_condition, sender_id
from bot.store.records import EraseThread, ErasureReason, ErasureResult, RequestMailDeletion, SourceMessage
from bot.store.sql.database import REQUEST_ADAPTER, Database, Repository, Transaction, read_json
from bot.store.sql.outbox import OutboxRepository
from bot.store.sql.outgoing_calls import SEND_MAIL
from bot.store.sql.requests import RequestRepository

TOPIC_METHOD = "topic"  # the method of a row that records a topic in a former advisers' chat
# Until a request's copies are deleted, its calls record where they are, but not whose.
_ANONYMISE_CALLS = """
    UPDATE outbox SET status = CASE status WHEN 'queued' THEN 'dropped' ELSE status END, params = '{}', reason = '',
    user_id = NULL, origin_chat = NULL, origin_message = NULL, edits_chat = NULL, edits_message = NULL,
    reply_chat = NULL, reply_message = NULL, created = ?
    WHERE request = ? AND (place = 'thread' OR method = 'mail')
"""
# Advisers' messages are the sources of the copies sent to the person.
_RECORD_ADVISER_MESSAGES = """
    INSERT INTO outbox (chat_id, method, params, status, message_id, request, place, attempts, not_before, created)
    SELECT DISTINCT origin_chat, 'theirs', '{}', 'sent', origin_message, request, 'thread', 0, 0, ?
    FROM outbox WHERE request = ? AND place <> 'thread' AND method IN ('copyMessage', 'copyMessages', 'sendMessage')
    AND origin_message > 0
    AND origin_message > 0
"""


class ErasureRepository(Repository):
    """Personal data, and the messages of deleted requests that are still in the advisers' chat."""

    def __init__(self, database: Database, requests: RequestRepository, outbox: OutboxRepository) -> None:
        super().__init__(database)
        self._requests, self._outbox = requests, outbox

    def load_personal_data(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        """Return all rows about a person by table of `DATA_CATALOGUE`; "advised" are those they advised on."""
        owned = (table for table, info in DATA_CATALOGUE.items() if info.owner_condition)
        data = {table: self._user_rows(user_id, table) for table in owned}
        data["advised"] = [
            {"reference": request.reference, "status": request.status.value}
            for request in self._requests.all_requests()
            if request.has_participant(user_id)
        ]
        return {table: rows for table, rows in data.items() if rows}

    def purge_expired(self, before: float) -> int:
        """Delete what is older than a Unix time, and closed requests with their copies; returns the number of rows.

        A request that is not closed remains complete.
        """
        with self._database.transaction() as db:
            closed = _closed_requests(db)
            expired = [request.reference for request in closed if max(request.created, request.closed) < before]
            deleted = self._delete_requests(db, expired, ErasureReason.RETENTION)
            for table, info in DATA_CATALOGUE.items():
                if info.expiry_condition:
                    deleted += _delete_rows(db, table, info.expiry_condition, before)
        if deleted:
            self._database.scrub_deleted_data()
        return deleted

    def erasure_queue(self, reference: str) -> list[SourceMessage]:
        """Return the messages of a deleted request that are still to be deleted from the advisers' chat."""
        rows = self._database.fetch_rows(
            "SELECT chat_id, message_id FROM outbox WHERE request = ? AND place = 'thread' AND status = 'sent' "
            "AND message_id IS NOT NULL AND method <> ? "
            "UNION SELECT chat_id, card FROM threads WHERE reference = ? AND card <> 0 ORDER BY 1, 2",
            *(reference, TOPIC_METHOD, reference),
        )
        return [(row["chat_id"], row["message_id"]) for row in rows]

    def request_topics(self, reference: str) -> list[SourceMessage]:
        """Return the topics of a request as (chat, topic), in the advisers' chat and in former ones."""
        rows = self._database.fetch_rows(
            "SELECT chat_id, thread_id FROM threads WHERE reference = ? AND thread_id <> 0 "
            "UNION SELECT chat_id, message_id FROM outbox WHERE request = ? AND method = ? ORDER BY 1, 2",
            *(reference, reference, TOPIC_METHOD),
        )
        return [(row["chat_id"], row["thread_id"]) for row in rows]

    def record_topic_erasure(self, reference: str, topic: SourceMessage) -> None:
        """Record that a topic of a deleted request is deleted."""
        with self._database.transaction() as db:
            values = (reference, *topic)
            db.execute("DELETE FROM threads WHERE reference = ? AND chat_id = ? AND thread_id = ?", values)
            query = "DELETE FROM outbox WHERE request = ? AND chat_id = ? AND message_id = ? AND method = ?"
            db.execute(query, (*values, TOPIC_METHOD))

    def leave_thread(self, reference: str) -> None:
        """Remove the thread of a request that moves to another chat; its topic and card are recorded for deletion."""
        with self._database.transaction() as db:
            query = "SELECT chat_id, thread_id, card FROM threads WHERE reference = ?"
            for chat_id, thread_id, card in db.execute(query, (reference,)).fetchall():
                if thread_id:
                    self._record_message(db, reference, (chat_id, thread_id), "sent", TOPIC_METHOD)
                if card:
                    self._record_message(db, reference, (chat_id, card), "sent")
            db.execute("DELETE FROM threads WHERE reference = ?", (reference,))

    def undeletable_messages(self, reference: str) -> list[SourceMessage]:
        """Return the messages of a deleted request that Telegram does not let the bot delete."""
        rows = self._database.fetch_rows(
            "SELECT DISTINCT chat_id, message_id FROM outbox WHERE request = ? AND status = 'left' ORDER BY 1, 2",
            reference,
        )
        return [(row["chat_id"], row["message_id"]) for row in rows]

    def record_erasure(self, reference: str, message: SourceMessage, result: ErasureResult) -> None:
        """Record that a message of a deleted request is deleted, or what remains of it."""
        with self._database.transaction() as db:
            values = (reference, *message)
            db.execute("DELETE FROM outbox WHERE request = ? AND chat_id = ? AND message_id = ?", values)
            db.execute("UPDATE threads SET card = 0 WHERE reference = ? AND chat_id = ? AND card = ?", values)
            if result:
                self._record_message(db, reference, message, result.value)

    def record_posted_message(self, reference: str, message: SourceMessage) -> None:
        """Record a message in a request's thread that was not sent by a queued call."""
        with self._database.transaction() as db:
            self._record_message(db, reference, message, "sent")

    def find_erased_request(self, chat_id: int, thread_id: int, message_id: int | None) -> str | None:
        """Return the reference of the deleted request to which a topic or a message belonged."""
        rows = self._database.fetch_rows(
            "SELECT reference, 0 AS rank FROM threads WHERE chat_id = ? AND thread_id = ? AND thread_id <> 0 "
            "AND reference NOT IN (SELECT reference FROM requests) "
            "UNION ALL SELECT request, 1 FROM outbox WHERE chat_id = ? AND message_id = ? AND request <> '' "
            "AND request NOT IN (SELECT reference FROM requests) ORDER BY rank",
            *(chat_id, thread_id, chat_id, message_id),
        )
        return rows[0]["reference"] if rows else None

    def was_mailed(self, reference: str) -> bool:
        """Return whether the mail server accepted an e-mail about a request, or may be doing so right now."""
        query = "SELECT id FROM outbox WHERE request = ? AND method = ? AND status IN ('sent', 'queued')"
        return bool(self._database.fetch_rows(query, reference, SEND_MAIL))

    def _user_rows(self, user_id: int, table: str) -> list[dict[str, Any]]:
        info = DATA_CATALOGUE[table]
        columns = ", ".join(column for column, _ in info.columns)
        condition, values = bind_condition(info.owner_condition, user_id)
        rows = self._database.fetch_rows(f"SELECT {columns} FROM {table} WHERE {condition}", *values)  # noqa: S608 - our own names
        return [row for row in rows if table != "inbox" or sender_id(row["body"]) == user_id]

    def forget_user(self, db: Transaction, user_id: int, update_id: int) -> None:
        """Delete everything about a person, including their unhandled updates before ``update_id``."""
        own_requests = db.execute("SELECT reference FROM requests WHERE user_id = ?", (user_id,)).fetchall()
        self._delete_requests(db, [reference for (reference,) in own_requests], ErasureReason.REQUESTER)
        for table, info in DATA_CATALOGUE.items():
            if info.owner_condition and table != "inbox":
                _delete_rows(db, table, info.owner_condition, user_id)
        # earlier updates refer to what no longer exists
        undone_query = "SELECT update_id, body FROM inbox WHERE done = 0 AND update_id < ?"
        for undone_id, body in db.execute(undone_query, (update_id,)).fetchall():
            if sender_id(body) == user_id:
                db.execute("UPDATE inbox SET done = 1, chat = '', body = '' WHERE update_id = ?", (undone_id,))
        for request in _closed_requests(db):
            if request.has_participant(user_id):
                self._requests.update_request(db, request.without_adviser(user_id))

    def _delete_requests(self, db: Transaction, references: Iterable[str], erasure_reason: ErasureReason) -> int:
        """Delete requests; the outbox deletes their copies in the advisers' chat. Returns the number of rows."""
        deleted, now = 0, self._database.clock()
        for reference in references:
            count_query = (
                "SELECT count(*) FILTER (WHERE place = 'thread'), count(*) FILTER (WHERE method = ?) "
                "FROM outbox WHERE request = ?"
            )
            adviser_calls, mail_calls = db.execute(count_query, (SEND_MAIL, reference)).fetchone()
            chat_query = "SELECT chat_id FROM outbox WHERE request = ? AND place = 'thread' ORDER BY id DESC"
            (chat_id,) = db.execute(chat_query, (reference,)).fetchone() or (0,)
            (body,) = db.execute("SELECT body FROM requests WHERE reference = ?", (reference,)).fetchone()
            request = read_json(REQUEST_ADAPTER, body, f"request {reference}")
            db.execute(_ANONYMISE_CALLS, (now, reference))
            db.execute(_RECORD_ADVISER_MESSAGES, (now, reference))
            db.execute("UPDATE threads SET erased = ? WHERE reference = ?", (now, reference))
            for query in (
                "DELETE FROM outbox WHERE request = ? AND place <> 'thread' AND method <> 'mail'",
                "DELETE FROM lines WHERE reference = ?",
                "DELETE FROM requests WHERE reference = ?",
            ):
                deleted += db.execute(query, (reference,)).rowcount
            if adviser_calls:
                self._outbox.enqueue_call(db, EraseThread(chat_id, reference, erasure_reason), None)
            if mail_calls and erasure_reason is ErasureReason.REQUESTER:
                contact = request.contact if request else ""
                self._outbox.enqueue_call(db, RequestMailDeletion(reference, contact), None)
        return deleted

    def _record_message(
        self, db: Transaction, reference: str, message: SourceMessage, status: str, method: str = "noted"
    ) -> None:
        db.execute(
            "INSERT INTO outbox (chat_id, message_id, method, params, status, request, place, attempts, not_before, "
            "created) VALUES (?, ?, ?, '{}', ?, ?, 'thread', 0, 0, ?)",
            (*message, method, status, reference, self._database.clock()),
        )


def _closed_requests(db: Transaction) -> list[Request]:
    rows = db.execute("SELECT reference, body FROM requests WHERE status = 'closed'").fetchall()
    requests = (read_json(REQUEST_ADAPTER, body, f"request {reference}") for reference, body in rows)
    return [request for request in requests if request]


def _delete_rows(db: Transaction, table: str, condition: str, value: float) -> int:
    """Delete the rows that fulfil a condition of DATA_CATALOGUE; returns their number."""
    where, values = bind_condition(condition, value)
    return db.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount  # noqa: S608 - our own names
