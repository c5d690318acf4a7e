"""Everything held on a person, and its end: by their wish, or with time."""

from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from bot.store.held import HELD
from bot.store.outgoing import OutboxRows
from bot.store.protocol import ERASE, MAIL, MAIL_CHAT, UNPOST, Origin, Outgoing, Place, Rest, Why

_DUE = "status = 'closed' AND max(created, coalesce(json_extract(body, '$.closed'), 0)) < ?"
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
    FROM outbox WHERE request = ? AND place <> 'thread' AND method = 'copyMessage' AND origin_message NOT NULL
"""
_NAMELESS = """
    UPDATE requests SET version = version + 1,
    body = json_set(body, '$.taken_by', 0, '$.adviser', '', '$.version', version + 1)
    WHERE status = 'closed' AND json_extract(body, '$.taken_by') = ?
"""
_ADVISED = "SELECT reference, status FROM requests WHERE json_extract(body, '$.taken_by') = ? ORDER BY created"


class ErasingRows(OutboxRows):
    """What the Store protocol says of a person's data and its end."""

    def person(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        held = {}
        for table, kind in HELD.items():
            if kind.mine:
                query = f"SELECT * FROM {table} WHERE {kind.mine}"  # noqa: S608 - our own names
                held[table] = self._rows(query.replace(":user", "?1"), user_id)
        held["advised"] = self._rows(_ADVISED, user_id)
        return {table: rows for table, rows in held.items() if rows}

    def purge(self, before: float) -> int:
        with self._transaction() as db:
            found = db.execute(f"SELECT reference FROM requests WHERE {_DUE}", (before,)).fetchall()  # noqa: S608 - ours
            rows = self._withdraw(db, [reference for (reference,) in found], Why.TIME)
            for table, kind in HELD.items():
                if kind.old:
                    query = f"DELETE FROM {table} WHERE {kind.old}"  # noqa: S608 - our own names
                    rows += db.execute(query, {"before": before}).rowcount
        if rows:
            self._emptied()
        return rows

    def remains(self, reference: str) -> list[Origin]:
        rows = self._rows(
            "SELECT chat_id, message_id FROM outbox WHERE request = ? AND place = 'thread' AND status = 'sent' "
            "AND message_id NOT NULL UNION SELECT chat_id, card FROM threads WHERE reference = ? AND card <> 0 "
            "ORDER BY 1, 2",
            *(reference,) * 2,
        )
        return [(row["chat_id"], row["message_id"]) for row in rows]

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
            "SELECT reference FROM threads WHERE chat_id = ? AND thread_id = ? AND thread_id <> 0 "
            "AND reference NOT IN (SELECT reference FROM requests) "
            "UNION ALL SELECT request FROM outbox WHERE chat_id = ? AND message_id = ? AND request <> '' "
            "AND request NOT IN (SELECT reference FROM requests)",
            *(chat_id, thread_id, chat_id, message_id),
        )
        return rows[0]["reference"] if rows else None

    def mailed(self, reference: str) -> bool:
        query = "SELECT id FROM outbox WHERE request = ? AND method = ? AND status = 'sent'"
        return bool(self._rows(query, reference, MAIL))

    def _forget(self, db: Database, user_id: int, update_id: int) -> None:
        found = db.execute("SELECT reference FROM requests WHERE user_id = ?", (user_id,)).fetchall()
        self._withdraw(db, [reference for (reference,) in found], Why.PERSON)
        values = {"user": user_id, "update": update_id}
        for table, kind in HELD.items():
            if kind.mine and table != "inbox":
                db.execute(f"DELETE FROM {table} WHERE {kind.mine}", values)  # noqa: S608 - our own names
        # what they wrote before and nobody has come to is not taken up on what is no longer there
        db.execute(
            f"UPDATE inbox SET done = 1, chat = '', body = '' WHERE update_id < :update AND {HELD['inbox'].mine}",  # noqa: S608 - our own names
            values,
        )
        db.execute(_NAMELESS, (user_id,))

    def _withdraw(self, db: Database, references: Iterable[str], why: Why) -> int:
        """Delete requests; their copies at the advisers are deleted through the outbox. Returns the rows deleted."""
        rows, now = 0, self._clock()
        for reference in references:
            ways = "SELECT max(place = 'thread'), max(method = ?) FROM outbox WHERE request = ?"
            desk, mail = db.execute(ways, (MAIL, reference)).fetchone()
            chat = "SELECT chat_id FROM outbox WHERE request = ? AND place = 'thread' ORDER BY id DESC"
            (chat_id,) = db.execute(chat, (reference,)).fetchone() or (0,)
            contact = "SELECT json_extract(body, '$.contact') FROM requests WHERE reference = ?"
            values = {"why": why.value, "contact": db.execute(contact, (reference,)).fetchone()[0]}
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

    def _note(self, db: Database, reference: str, message: Origin, status: str) -> None:
        db.execute(
            "INSERT INTO outbox (chat_id, message_id, method, params, status, request, place, attempts, not_before, "
            "created) VALUES (?, ?, 'noted', '{}', ?, ?, 'thread', 0, 0, ?)",
            (*message, status, reference, self._clock()),
        )
