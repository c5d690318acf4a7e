"""The embedded store: one SQLite file in WAL mode, through sqlite-utils."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.errors import StoreError
from bot.model import Effect, Event, Feedback, Forget, NewRequest, Request, Stage, State
from bot.store.migrations import migrations
from bot.store.protocol import Outgoing, Queued

# The oldest queued call of each chat; a chat whose oldest call waits for its time is held back as a whole.
_DUE = """
    SELECT * FROM outbox WHERE id IN (SELECT min(id) FROM outbox WHERE status = 'queued' GROUP BY chat_id)
    AND not_before <= ? ORDER BY id
"""
_PERSONAL = {"states": "user_id", "feedback": "user_id", "requests": "user_id", "outbox": "user_id"}


class SqliteStore:
    """The Store protocol over SQLite. ``clock`` gives Unix time."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Open or create the file and bring its schema up to date; raises StoreError where that fails."""
        self._clock = clock
        self._lock = threading.RLock()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, check_same_thread=False, timeout=10, isolation_level=None)
            self._db = Database(connection)
            self._db.enable_wal()
            self._db.execute("PRAGMA synchronous = FULL")
            migrations.apply(self._db)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The store {path} cannot be opened: {error}") from None

    def close(self) -> None:
        """Close the file, after the call that another thread is in; later calls raise StoreError."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        with self._lock:
            try:
                with self._db.atomic():
                    yield self._db
            except sqlite3.Error as error:
                raise StoreError(f"The store {self._path} cannot be used: {error}") from error

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            try:
                return list(self._db.query(sql, values))
            except sqlite3.Error as error:
                raise StoreError(f"The store {self._path} cannot be read: {error}") from error

    # inbox

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

    def finish(
        self,
        update_id: int,
        event: Event | None,
        state: State | None,
        out: Sequence[Outgoing],
        effects: Sequence[Effect],
    ) -> bool:
        with self._transaction() as db:
            cursor = db.execute("UPDATE inbox SET done = 1, body = '' WHERE update_id = ? AND done = 0", (update_id,))
            if not cursor.rowcount:
                return False
            if event is not None and state is not None:
                row = {
                    "key": event.key,
                    "user_id": event.user_id,
                    "body": json.dumps(asdict(state)),
                    "updated": self._clock(),
                }
                db.table("states").upsert(row, pk="key")
            for effect in effects:
                self._apply(db, effect, event)
            for item in out:
                self._enqueue(db, item, event.user_id if event else None)
        return True

    def _apply(self, db: Database, effect: Effect, event: Event | None) -> None:
        assert event is not None
        match effect:
            case Feedback(entry, value):
                row = {"user_id": event.user_id, "entry": entry, "value": value, "created": self._clock()}
                db.execute("DELETE FROM feedback WHERE user_id = ? AND entry = ?", (event.user_id, entry))
                db.table("feedback").insert(row)
            case NewRequest(reference, text, lang, consent):
                created = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
                request = Request(
                    reference, event.chat_id, event.user_id, event.name, text, lang, "open", consent, created
                )
                db.table("requests").insert(asdict(request))
            case Forget():
                for table, column in _PERSONAL.items():
                    db.execute(f"DELETE FROM {table} WHERE {column} = ?", (event.user_id,))  # noqa: S608 - our own names

    def _enqueue(self, db: Database, item: Outgoing, user_id: int | None) -> None:
        row = {
            **asdict(item),
            "params": json.dumps(item.params),
            "user_id": user_id,
            "created": self._clock(),
        }
        db.table("outbox").insert(row)

    def state(self, key: str) -> State:
        rows = self._rows("SELECT body FROM states WHERE key = ?", key)
        if not rows:
            return State()
        data = json.loads(rows[0]["body"])
        return State(**{**data, "stage": Stage(data["stage"])})

    # outbox

    def due(self, now: float) -> list[Queued]:
        return [
            Queued(
                row["id"],
                Outgoing(
                    row["chat_id"],
                    row["method"],
                    json.loads(row["params"]),
                    row["question"],
                    row["edit_question"],
                    row["request"],
                ),
                row["attempts"],
            )
            for row in self._rows(_DUE, now)
        ]

    def next_due(self) -> float | None:
        rows = self._rows(
            "SELECT min(not_before) AS time FROM outbox WHERE id IN "
            "(SELECT min(id) FROM outbox WHERE status = 'queued' GROUP BY chat_id)"
        )
        return rows[0]["time"] if rows else None

    def answer_message(self, chat_id: int, question: int) -> int | None:
        rows = self._rows(
            "SELECT message_id FROM outbox WHERE chat_id = ? AND question = ? AND message_id NOT NULL ORDER BY id",
            chat_id,
            question,
        )
        return rows[0]["message_id"] if rows else None

    def sent(self, queued: int, message_id: int | None) -> None:
        with self._transaction() as db:  # what was sent is no longer held: only what a later edit or reply needs
            db.execute(
                "UPDATE outbox SET status = 'sent', message_id = ?, params = '{}' WHERE id = ?",
                (message_id, queued),
            )

    def failed(self, queued: int, reason: str) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE outbox SET status = 'failed', reason = ?, params = '{}' WHERE id = ?",
                (reason, queued),
            )

    def postpone(self, queued: int, until: float) -> None:
        with self._transaction() as db:
            db.execute("UPDATE outbox SET not_before = ?, attempts = attempts + 1 WHERE id = ?", (until, queued))

    def waiting(self) -> int:
        return int(self._rows("SELECT count(*) AS n FROM outbox WHERE status = 'queued'")[0]["n"])

    # requests and people

    def requests(self, status: str | None = None) -> list[Request]:
        rows = self._rows(
            "SELECT * FROM requests WHERE ? IS NULL OR status = ? ORDER BY created, rowid", status, status
        )
        return [Request(**row) for row in rows]

    def request(self, reference: str) -> Request | None:
        rows = self._rows("SELECT * FROM requests WHERE reference = ?", reference)
        return Request(**rows[0]) if rows else None

    def request_of(self, chat_id: int, message_id: int) -> Request | None:
        rows = self._rows("SELECT request FROM outbox WHERE chat_id = ? AND message_id = ?", chat_id, message_id)
        return self.request(rows[0]["request"]) if rows and rows[0]["request"] else None

    def person(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        held = {}
        for table, column in _PERSONAL.items():
            rows = self._rows(f"SELECT * FROM {table} WHERE {column} = ?", user_id)  # noqa: S608 - our own names
            if rows:
                held[table] = rows
        return held

    def purge(self, before: float) -> int:
        limit = datetime.fromtimestamp(before, UTC).isoformat(timespec="seconds")
        statements = (
            ("DELETE FROM inbox WHERE done = 1 AND received < ?", before),
            ("DELETE FROM outbox WHERE status <> 'queued' AND created < ?", before),
            ("DELETE FROM states WHERE updated < ?", before),
            ("DELETE FROM feedback WHERE created < ?", before),
            ("DELETE FROM requests WHERE created < ?", limit),
        )
        with self._transaction() as db:
            return sum(db.execute(sql, (value,)).rowcount for sql, value in statements)
