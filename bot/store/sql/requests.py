"""Requests for advice: each one JSON body with a version, its thread at the advisers, and what was said."""

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.consultation import Request
from bot.domain.event import Event
from bot.errors import Conflict
from bot.store.protocol import Line, Origin, Thread
from bot.store.sql.base import Rows, Sql
from bot.store.sql.values import REQUEST, read


class RequestRows(Rows):
    """What the Store protocol says of requests."""

    def requests(self) -> list[Request]:
        return self._requests("1 = 1 ORDER BY created, reference")

    def running(self) -> list[Request]:
        return self._requests("status <> 'closed' ORDER BY created, reference")

    def counts(self) -> dict[str, int]:
        rows = self._rows("SELECT status, count(*) AS n FROM requests GROUP BY status")
        return {row["status"]: row["n"] for row in rows}

    def request(self, reference: str) -> Request | None:
        return next(iter(self._requests("reference = ?", reference)), None)

    def requests_by(self, user_id: int) -> list[Request]:
        return self._requests("user_id = ? ORDER BY created DESC, reference DESC", user_id)

    def request_of(self, chat_id: int, message_id: int) -> Request | None:
        rows = self._rows(
            "SELECT request, 0 AS rank FROM outbox WHERE chat_id = ? AND message_id = ? AND request <> '' "
            "UNION ALL SELECT request, 1 FROM outbox WHERE origin_chat = ? AND origin_message = ? AND request <> '' "
            "UNION ALL SELECT reference, 2 FROM threads WHERE chat_id = ? AND card = ? ORDER BY rank",
            *(chat_id, message_id) * 3,
        )
        return self.request(rows[0]["request"]) if rows else None

    def request_in(self, chat_id: int, thread_id: int) -> Request | None:
        rows = self._rows("SELECT reference FROM threads WHERE chat_id = ? AND thread_id = ?", chat_id, thread_id)
        return self.request(rows[0]["reference"]) if rows and thread_id else None

    def thread(self, reference: str) -> Thread | None:
        rows = self._rows("SELECT chat_id, thread_id, card, lines, told FROM threads WHERE reference = ?", reference)
        return Thread(**rows[0]) if rows else None

    def put_thread(self, reference: str, thread: Thread | None) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM threads WHERE reference = ?", (reference,))
            if thread:
                db.execute(
                    "INSERT INTO threads (reference, chat_id, thread_id, card, lines, told) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (reference, thread.chat_id, thread.thread_id, thread.card, thread.lines, thread.told),
                )

    def lines(self, reference: str) -> list[Line]:
        rows = self._rows(
            "SELECT side, text, created, EXISTS (SELECT 1 FROM outbox WHERE request = reference "
            "AND origin_chat = lines.chat_id AND origin_message = lines.message_id AND place = 'thread' "
            "AND status = 'queued') AS waits FROM lines WHERE reference = ? ORDER BY id",
            reference,
        )
        return [Line(row["side"], row["text"], row["created"], bool(row["waits"])) for row in rows]

    def _requests(self, where: str, *values: object) -> list[Request]:
        rows = self._rows(f"SELECT reference, body FROM requests WHERE {where}", *values)  # noqa: S608 - our own conditions
        found = (read(REQUEST, row["body"], f"request {row['reference']}") for row in rows)
        return [request for request in found if request]

    def _new(self, db: Sql, request: Request) -> None:
        db.execute(
            "INSERT INTO requests (reference, chat_id, user_id, status, created, version, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                request.reference,
                request.chat_id,
                request.user_id,
                request.status.value,
                request.created,
                request.version,
                REQUEST.dump_json(request).decode(),
            ),
        )

    def _change(self, db: Sql, request: Request) -> None:
        fresh = replace(request, version=request.version + 1)
        cursor = db.execute(
            "UPDATE requests SET status = ?, version = ?, body = ? WHERE reference = ? AND version = ?",
            (
                fresh.status.value,
                fresh.version,
                REQUEST.dump_json(fresh).decode(),
                request.reference,
                request.version,
            ),
        )
        if not cursor.rowcount:
            raise Conflict(f"The request {request.reference} was changed by somebody else.")

    def _say(self, db: Sql, reference: str, side: str, text: str, message: tuple[int | None, int | None]) -> None:
        db.execute(
            "INSERT INTO lines (reference, user_id, side, text, created, chat_id, message_id) "
            "SELECT reference, user_id, ?, ?, ?, ?, ? FROM requests WHERE reference = ?",
            (side, text, self._clock(), *message, reference),
        )

    def _correct(self, db: Sql, reference: str, side: str, text: str, event: Event) -> None:
        """Change a line; one written before lines knew their messages stays, and the new text follows."""
        known = "WHERE reference = ? AND chat_id = ? AND message_id = ?"
        values = (text, reference, event.chat_id, event.message_id)
        if not db.execute(f"UPDATE lines SET text = ? {known}", values).rowcount:  # noqa: S608 - our own condition
            self._say(db, reference, side, text, (event.chat_id, event.message_id))

    def _take_back(self, db: Sql, reference: str, messages: Iterable[Origin]) -> None:
        """Of a copy stays where it is, so that it can be deleted; an edit of its message finds nothing any more."""
        for message in messages:
            db.execute(
                "DELETE FROM lines WHERE reference = ? AND chat_id = ? AND message_id = ?", (reference, *message)
            )
            db.execute(
                "UPDATE outbox SET request = '', params = '{}', "
                "status = CASE status WHEN 'queued' THEN 'dropped' ELSE status END WHERE request = ? AND "
                "((origin_chat = ? AND origin_message = ?) OR (edits_chat = ? AND edits_message = ?))",
                (reference, *message, *message),
            )
