"""The embedded store: what the Store protocol says, over SQLite."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from bot.model import (
    ChangeRequest,
    Effect,
    Event,
    Feedback,
    Forget,
    LeaveCode,
    Moved,
    NewCheck,
    NewCode,
    NewRequest,
    Said,
    ShareCheck,
    State,
)
from bot.store.bodies import STATE
from bot.store.checks import CheckRows
from bot.store.outgoing import OutboxRows
from bot.store.protocol import Outgoing
from bot.store.requests import RequestRows

_PERSONAL = dict.fromkeys(("states", "feedback", "lines", "requests", "checks", "shares", "outbox"), "user_id")


class SqliteStore(OutboxRows, RequestRows, CheckRows):
    """The Store protocol over SQLite."""

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        fresh = []
        with self._transaction() as db:
            for update_id, chat, body in updates:
                cursor = db.execute(
                    "INSERT OR IGNORE INTO inbox (update_id, chat, body, received, done) VALUES (?, ?, ?, ?, 0)",
                    (update_id, chat, body, self._clock()),
                )
                if cursor.rowcount:
                    fresh.append(update_id)
        return fresh

    def pending_updates(self) -> list[tuple[int, str, str]]:
        rows = self._rows("SELECT update_id, chat, body FROM inbox WHERE done = 0 ORDER BY update_id")
        return [(row["update_id"], row["chat"], row["body"]) for row in rows]

    def pending(self) -> int:
        return int(self._rows("SELECT count(*) AS n FROM inbox WHERE done = 0")[0]["n"])

    def newest(self) -> float | None:
        times = self._rows(
            "SELECT max(received) AS time FROM inbox UNION ALL SELECT max(updated) FROM states "
            "UNION ALL SELECT max(created) FROM outbox UNION ALL SELECT max(created) FROM requests"
        )
        return max((row["time"] for row in times if row["time"] is not None), default=None)

    def finish(
        self,
        update_id: int,
        event: Event | None,
        state: State | None,
        out: Sequence[Outgoing],
        effects: Sequence[Effect],
    ) -> bool:
        with self._transaction() as db:
            cursor = db.execute(
                "UPDATE inbox SET done = 1, chat = '', body = '' WHERE update_id = ? AND done = 0", (update_id,)
            )
            if not cursor.rowcount:
                return False
            if event is not None and state is not None:
                row = {
                    "key": event.key,
                    "user_id": event.user_id,
                    "body": STATE.dump_json(state).decode(),
                    "updated": self._clock(),
                }
                db.table("states").upsert(row, pk="key")
            self._follow(db, out, effects, event)
        return True

    def act(self, out: Sequence[Outgoing], effects: Sequence[Effect]) -> None:
        with self._transaction() as db:
            self._follow(db, out, effects, None)

    def _follow(self, db: Database, out: Sequence[Outgoing], effects: Sequence[Effect], event: Event | None) -> None:
        for effect in effects:
            self._apply(db, effect, event)
        for item in out:
            self._enqueue(db, item, event.user_id if event else None)

    def _apply(self, db: Database, effect: Effect, event: Event | None) -> None:
        match effect:
            case NewRequest(request):
                self._new(db, request)
            case ChangeRequest(request):
                self._change(db, request)
            case Said(reference, side, text):
                self._say(db, reference, side.value, text)
            case NewCheck() | ShareCheck() | NewCode() | LeaveCode():
                assert event is not None
                self._apply_check(db, effect, event.user_id)
            case _:
                assert event is not None
                self._apply_own(db, effect, event)

    def _apply_own(self, db: Database, effect: Feedback | Moved | Forget, event: Event) -> None:
        """What concerns the person or the chat of an event."""
        match effect:
            case Feedback(entry, value):
                row = {"user_id": event.user_id, "entry": entry, "value": value, "created": self._clock()}
                db.execute("DELETE FROM feedback WHERE user_id = ? AND entry = ?", (event.user_id, entry))
                db.table("feedback").insert(row)
            case Moved(new):
                self._move(db, event.chat_id, new)
            case Forget():
                db.execute(
                    "DELETE FROM threads WHERE reference IN (SELECT reference FROM requests WHERE user_id = ?)",
                    (event.user_id,),
                )
                for table, column in _PERSONAL.items():
                    db.execute(f"DELETE FROM {table} WHERE {column} = ?", (event.user_id,))  # noqa: S608 - our own names

    def state(self, key: str) -> State:
        rows = self._rows("SELECT body FROM states WHERE key = ?", key)
        return STATE.validate_json(rows[0]["body"]) if rows else State()

    def person(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        held = {}
        for table, column in _PERSONAL.items():
            rows = self._rows(f"SELECT * FROM {table} WHERE {column} = ?", user_id)  # noqa: S608 - our own names
            if rows:
                held[table] = rows
        return held

    def purge(self, before: float) -> int:
        statements = (
            ("DELETE FROM inbox WHERE done = 1 AND received < ?", before),
            ("DELETE FROM outbox WHERE status <> 'queued' AND created < ?", before),
            ("DELETE FROM states WHERE updated < ?", before),
            ("DELETE FROM feedback WHERE created < ?", before),
            ("DELETE FROM checks WHERE created < ?", before),
            ("DELETE FROM shares WHERE created < ?", before),
            ("DELETE FROM codes WHERE created < ? AND code NOT IN (SELECT code FROM shares)", before),
            ("DELETE FROM lines WHERE created < ?", before),
            ("DELETE FROM requests WHERE created < ? AND status = 'closed'", before),
            ("DELETE FROM threads WHERE ? AND reference NOT IN (SELECT reference FROM requests)", 1),
        )
        with self._transaction() as db:
            return sum(db.execute(sql, (value,)).rowcount for sql, value in statements)
