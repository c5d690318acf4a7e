"""Requests for advice: a versioned JSON body each, with its thread in the advisers' chat and its transcript."""

from collections.abc import Iterable
from dataclasses import astuple, replace

from bot.domain.consultation import Request
from bot.domain.event import Event
from bot.errors import StoreConflict
from bot.store.records import AdviserThread, SourceMessage, TranscriptLine
from bot.store.sql.database import REQUEST_ADAPTER, Repository, Transaction, insert_statement, read_json


class RequestRepository(Repository):
    """Requests, their threads in the advisers' chat, and their transcripts."""

    def all_requests(self) -> list[Request]:
        """Return all requests, oldest first."""
        return self._query_requests("1 = 1 ORDER BY created, reference")

    def active_requests(self) -> list[Request]:
        """Return the requests that are not closed, oldest first."""
        return self._query_requests("status <> 'closed' ORDER BY created, reference")

    def request_counts(self) -> dict[str, int]:
        """Return the number of requests by status."""
        rows = self._database.fetch_rows("SELECT status, count(*) AS n FROM requests GROUP BY status")
        return {row["status"]: row["n"] for row in rows}

    def find_request(self, reference: str) -> Request | None:
        """Return the request with this reference."""
        return next(iter(self._query_requests("reference = ?", reference)), None)

    def requests_by_user(self, user_id: int) -> list[Request]:
        """Return a person's own requests, newest first."""
        return self._query_requests("user_id = ? ORDER BY created DESC, reference DESC", user_id)

    def find_request_by_message(self, chat_id: int, message_id: int) -> Request | None:
        """Return the request that a message belongs to: one that the bot sent or relayed."""
        rows = self._database.fetch_rows(
            "SELECT request, 0 AS rank FROM outbox WHERE chat_id = ? AND message_id = ? AND request <> '' "
            "UNION ALL SELECT request, 1 FROM outbox WHERE origin_chat = ? AND origin_message = ? AND request <> '' "
            "UNION ALL SELECT reference, 2 FROM threads WHERE chat_id = ? AND card = ? ORDER BY rank",
            *(chat_id, message_id) * 3,
        )
        return self.find_request(rows[0]["request"]) if rows else None

    def find_request_by_topic(self, chat_id: int, thread_id: int) -> Request | None:
        """Return the request whose topic this is."""
        query = "SELECT reference FROM threads WHERE chat_id = ? AND thread_id = ?"
        rows = self._database.fetch_rows(query, chat_id, thread_id)
        return self.find_request(rows[0]["reference"]) if rows and thread_id else None

    def find_thread(self, reference: str) -> AdviserThread | None:
        """Return a request's thread in the advisers' chat; None if it has none."""
        rows = self._database.fetch_rows(
            "SELECT chat_id, thread_id, card, lines AS history_length, told AS history_sent, title FROM threads "
            "WHERE reference = ?",
            reference,
        )
        return AdviserThread(**rows[0]) if rows else None

    def save_thread(self, reference: str, thread: AdviserThread | None) -> None:
        """Replace a request's thread in the advisers' chat; None removes it."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM threads WHERE reference = ?", (reference,))
            if thread:
                columns = ("reference", "chat_id", "thread_id", "card", "lines", "told", "title")
                db.execute(insert_statement("threads", columns), (reference, *astuple(thread)))

    def load_transcript(self, reference: str) -> list[TranscriptLine]:
        """Return the transcript of a request, oldest first."""
        rows = self._database.fetch_rows(
            "SELECT side, text, created, chat_id, message_id, EXISTS (SELECT 1 FROM outbox WHERE request = reference "
            "AND origin_chat = lines.chat_id AND origin_message = lines.message_id AND place = 'thread' "
            "AND status IN ('queued', 'part')) AS waits FROM lines WHERE reference = ? ORDER BY id",
            reference,
        )
        return [
            TranscriptLine(
                row["side"], row["text"], row["created"], bool(row["waits"]), (row["chat_id"], row["message_id"])
            )
            for row in rows
        ]

    def is_copy_signed(self, reference: str, message: SourceMessage) -> bool:
        """Return whether the copy of a message contains its writer's name."""
        query = "SELECT signed FROM lines WHERE reference = ? AND chat_id = ? AND message_id = ?"
        return any(row["signed"] for row in self._database.fetch_rows(query, reference, *message))

    def _query_requests(self, condition: str, *values: object) -> list[Request]:
        rows = self._database.fetch_rows(f"SELECT reference, body FROM requests WHERE {condition}", *values)  # noqa: S608 - our own conditions
        requests = (read_json(REQUEST_ADAPTER, row["body"], f"request {row['reference']}") for row in rows)
        return [request for request in requests if request]

    def insert_request(self, db: Transaction, request: Request) -> None:
        """Store a new request."""
        columns = ("reference", "chat_id", "user_id", "created", "status", "version", "body")
        values = (request.reference, request.chat_id, request.user_id, request.created, *_changing_values(request))
        db.execute(insert_statement("requests", columns), values)

    def update_request(self, db: Transaction, request: Request) -> None:
        """Replace a request; raises StoreConflict if its version is no longer the stored one."""
        updated = replace(request, version=request.version + 1)
        cursor = db.execute(
            "UPDATE requests SET status = ?, version = ?, body = ? WHERE reference = ? AND version = ?",
            (*_changing_values(updated), request.reference, request.version),
        )
        if not cursor.rowcount:
            raise StoreConflict(f"The request {request.reference} was changed by someone else.")

    def add_line(
        self,
        db: Transaction,
        reference: str,
        side: str,
        text: str,
        message: tuple[int | None, int | None],
        *,
        signed: bool = False,
    ) -> None:
        """Append a line to a transcript; does nothing if the request was deleted."""
        db.execute(
            "INSERT INTO lines (reference, user_id, side, text, created, chat_id, message_id, signed) "
            "SELECT reference, user_id, ?, ?, ?, ?, ?, ? FROM requests WHERE reference = ?",
            (side, text, self._database.clock(), *message, int(signed), reference),
        )

    def correct_line(self, db: Transaction, reference: str, side: str, text: str, event: Event) -> None:
        """Change a line; if it was stored before lines recorded their messages, the new text is appended instead."""
        condition = "WHERE reference = ? AND chat_id = ? AND message_id = ?"
        values = (text, reference, event.chat_id, event.message_id)
        if not db.execute(f"UPDATE lines SET text = ? {condition}", values).rowcount:  # noqa: S608 - our own condition
            self.add_line(db, reference, side, text, (event.chat_id, event.message_id))

    def retract_messages(self, db: Transaction, reference: str, messages: Iterable[SourceMessage]) -> None:
        """Forget messages, so that edits find nothing; their copies stay recorded until they are deleted."""
        for message in messages:
            query = "DELETE FROM lines WHERE reference = ? AND chat_id = ? AND message_id = ?"
            db.execute(query, (reference, *message))
            db.execute(
                "UPDATE outbox SET request = '', params = '{}', "
                "status = CASE status WHEN 'queued' THEN 'dropped' ELSE status END WHERE request = ? AND "
                "((origin_chat = ? AND origin_message = ?) OR (edits_chat = ? AND edits_message = ?))",
                (reference, *message, *message),
            )


def _changing_values(request: Request) -> tuple[str, int, str]:
    return request.status.value, request.version, REQUEST_ADAPTER.dump_json(request).decode()
