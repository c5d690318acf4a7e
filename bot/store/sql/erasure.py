"""Everything held on a person, and its end: by their wish, or with time."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bot.domain.consultation import Request
from bot.store.personal_data import HELD, bound, sender
from bot.store.protocol import ERASE, MAIL, MAIL_CHAT, UNPOST, Origin, Outgoing, Place, Rest, Why
from bot.store.sql.base import Sql
from bot.store.sql.outbox import OutboxRows
from bot.store.sql.requests import RequestRows
from bot.store.sql.values import REQUEST, read

TOPIC = "topic"  # the method of a row that notes a topic in what was the advisers' chat before
# What stays of a request's rows until its copies are deleted: where they are, and of no one.
_ANONYMOUS = """
    UPDATE outbox SET status = CASE status WHEN 'queued' THEN 'dropped' ELSE status END, params = '{}', reason = '',
    user_id = NULL, origin_chat = NULL, origin_message = NULL, edits_chat = NULL, edits_message = NULL,
    reply_chat = NULL, reply_message = NULL, created = ?
    WHERE request = ? AND (place = 'thread' OR method = 'mail')
"""
# What advisers wrote themselves is known by the copy that went to the person.
_THEIRS = """
    INSERT INTO outbox (chat_id, method, params, status, message_id, request, place, attempts, not_before, created)
    SELECT DISTINCT origin_chat, 'theirs', '{}', 'sent', origin_message, request, 'thread', 0, 0, ?
    FROM outbox WHERE request = ? AND place <> 'thread' AND method = 'copyMessage' AND origin_message IS NOT NULL
"""


class ErasingRows(OutboxRows, RequestRows):
    """What the Store protocol says of a person's data and its end."""

    def person(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        held = {table: self._about(user_id, table) for table, kind in HELD.items() if kind.mine}
        held["advised"] = [
            {"reference": request.reference, "status": request.status.value}
            for request in self.requests()
            if request.taken_by and request.taken_by == user_id
        ]
        return {table: rows for table, rows in held.items() if rows}

    def purge(self, before: float) -> int:
        with self._transaction() as db:
            due = [request.reference for request in _closed(db) if max(request.created, request.closed) < before]
            rows = self._withdraw(db, due, Why.TIME)
            for table, kind in HELD.items():
                if kind.old:
                    rows += _delete(db, table, kind.old, before)
        if rows:
            self._emptied()
        return rows

    def remains(self, reference: str) -> list[Origin]:
        rows = self._rows(
            "SELECT chat_id, message_id FROM outbox WHERE request = ? AND place = 'thread' AND status = 'sent' "
            "AND message_id IS NOT NULL AND method <> ? "
            "UNION SELECT chat_id, card FROM threads WHERE reference = ? AND card <> 0 ORDER BY 1, 2",
            *(reference, TOPIC, reference),
        )
        return [(row["chat_id"], row["message_id"]) for row in rows]

    def topics(self, reference: str) -> list[Origin]:
        rows = self._rows(
            "SELECT chat_id, thread_id FROM threads WHERE reference = ? AND thread_id <> 0 "
            "UNION SELECT chat_id, message_id FROM outbox WHERE request = ? AND method = ? ORDER BY 1, 2",
            *(reference, reference, TOPIC),
        )
        return [(row["chat_id"], row["thread_id"]) for row in rows]

    def settle_topic(self, reference: str, topic: Origin) -> None:
        with self._transaction() as db:
            values = (reference, *topic)
            db.execute("DELETE FROM threads WHERE reference = ? AND chat_id = ? AND thread_id = ?", values)
            db.execute(
                "DELETE FROM outbox WHERE request = ? AND chat_id = ? AND message_id = ? AND method = ?",
                (*values, TOPIC),
            )

    def leave_thread(self, reference: str) -> None:
        with self._transaction() as db:
            query = "SELECT chat_id, thread_id, card FROM threads WHERE reference = ?"
            for chat_id, thread_id, card in db.execute(query, (reference,)).fetchall():
                if thread_id:
                    self._note(db, reference, (chat_id, thread_id), "sent", TOPIC)
                if card:
                    self._note(db, reference, (chat_id, card), "sent")
            db.execute("DELETE FROM threads WHERE reference = ?", (reference,))

    def left(self, reference: str) -> list[Origin]:
        rows = self._rows(
            "SELECT DISTINCT chat_id, message_id FROM outbox WHERE request = ? AND status = 'left' ORDER BY 1, 2",
            reference,
        )
        return [(row["chat_id"], row["message_id"]) for row in rows]

    def settle(self, reference: str, message: Origin, rest: Rest) -> None:
        with self._transaction() as db:
            db.execute(
                "DELETE FROM outbox WHERE request = ? AND chat_id = ? AND message_id = ?", (reference, *message)
            )
            db.execute("UPDATE threads SET card = 0 WHERE reference = ? AND chat_id = ? AND card = ?",
                       (reference, *message))  # fmt: skip
            if rest:
                self._note(db, reference, message, rest.value)

    def posted(self, reference: str, message: Origin) -> None:
        with self._transaction() as db:
            self._note(db, reference, message, "sent")

    def erased(self, chat_id: int, thread_id: int, message_id: int | None) -> str | None:
        rows = self._rows(
            "SELECT reference, 0 AS rank FROM threads WHERE chat_id = ? AND thread_id = ? AND thread_id <> 0 "
            "AND reference NOT IN (SELECT reference FROM requests) "
            "UNION ALL SELECT request, 1 FROM outbox WHERE chat_id = ? AND message_id = ? AND request <> '' "
            "AND request NOT IN (SELECT reference FROM requests) ORDER BY rank",
            *(chat_id, thread_id, chat_id, message_id),
        )
        return rows[0]["reference"] if rows else None

    def mailed(self, reference: str) -> bool:
        query = "SELECT id FROM outbox WHERE request = ? AND method = ? AND status IN ('sent', 'queued')"
        return bool(self._rows(query, reference, MAIL))

    def _about(self, user_id: int, table: str) -> list[dict[str, Any]]:
        kind = HELD[table]
        columns = ", ".join(column for column, _ in kind.columns)
        condition, values = bound(kind.mine, user_id)
        rows = self._rows(f"SELECT {columns} FROM {table} WHERE {condition}", *values)  # noqa: S608 - our own names
        return [row for row in rows if table != "inbox" or sender(row["body"]) == user_id]

    def _forget(self, db: Sql, user_id: int, update_id: int) -> None:
        found = db.execute("SELECT reference FROM requests WHERE user_id = ?", (user_id,)).fetchall()
        self._withdraw(db, [reference for (reference,) in found], Why.PERSON)
        for table, kind in HELD.items():
            if kind.mine and table != "inbox":
                _delete(db, table, kind.mine, user_id)
        # what they wrote before and nobody has come to is not taken up on what is no longer there
        before = "SELECT update_id, body FROM inbox WHERE done = 0 AND update_id < ?"
        for number, body in db.execute(before, (update_id,)).fetchall():
            if sender(body) == user_id:
                db.execute("UPDATE inbox SET done = 1, chat = '', body = '' WHERE update_id = ?", (number,))
        for request in _closed(db):
            if request.taken_by == user_id:
                self._change(db, replace(request, taken_by=0, adviser=""))

    def _withdraw(self, db: Sql, references: Iterable[str], why: Why) -> int:
        """Delete requests; their copies at the advisers are deleted through the outbox. Returns the rows deleted."""
        rows, now = 0, self._clock()
        for reference in references:
            ways = (
                "SELECT count(*) FILTER (WHERE place = 'thread'), count(*) FILTER (WHERE method = ?) "
                "FROM outbox WHERE request = ?"
            )
            desk, mail = db.execute(ways, (MAIL, reference)).fetchone()
            chat = "SELECT chat_id FROM outbox WHERE request = ? AND place = 'thread' ORDER BY id DESC"
            (chat_id,) = db.execute(chat, (reference,)).fetchone() or (0,)
            (body,) = db.execute("SELECT body FROM requests WHERE reference = ?", (reference,)).fetchone()
            request = read(REQUEST, body, f"request {reference}")
            values = {"why": why.value, "contact": request.contact if request else ""}
            db.execute(_ANONYMOUS, (now, reference))
            db.execute(_THEIRS, (now, reference))
            db.execute("UPDATE threads SET erased = ? WHERE reference = ?", (now, reference))
            for query in (
                "DELETE FROM outbox WHERE request = ? AND place <> 'thread' AND method <> 'mail'",
                "DELETE FROM lines WHERE reference = ?",
                "DELETE FROM requests WHERE reference = ?",
            ):
                rows += db.execute(query, (reference,)).rowcount
            if desk:
                self._enqueue(db, Outgoing(chat_id, ERASE, values, request=reference, place=Place.THREAD), None)
            if mail and why is Why.PERSON:
                self._enqueue(db, Outgoing(MAIL_CHAT, UNPOST, values, request=reference), None)
        return rows

    def _note(self, db: Sql, reference: str, message: Origin, status: str, method: str = "noted") -> None:
        db.execute(
            "INSERT INTO outbox (chat_id, message_id, method, params, status, request, place, attempts, not_before, "
            "created) VALUES (?, ?, ?, '{}', ?, ?, 'thread', 0, 0, ?)",
            (*message, method, status, reference, self._clock()),
        )


def _closed(db: Sql) -> list[Request]:
    found = db.execute("SELECT reference, body FROM requests WHERE status = 'closed'").fetchall()
    return [request for reference, body in found if (request := read(REQUEST, body, f"request {reference}"))]


def _delete(db: Sql, table: str, condition: str, value: float) -> int:
    """Delete what fulfils one of the conditions of HELD; returns the number of rows."""
    where, values = bound(condition, value)
    return db.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount  # noqa: S608 - our own names
