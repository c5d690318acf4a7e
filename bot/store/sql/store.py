"""What the Store protocol says, in the SQL that SQLite and PostgreSQL have in common."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.effects import (
    ChangeRequest,
    Corrected,
    DropQuestions,
    Effect,
    Feedback,
    Forget,
    KeepQuestion,
    LeaveCode,
    Moved,
    NewCheck,
    NewCode,
    NewRequest,
    Said,
    ShareCheck,
    TakenBack,
)
from bot.domain.event import Event
from bot.domain.turn import State
from bot.errors import Conflict
from bot.store.protocol import Claimed, Outgoing
from bot.store.sql.base import Sql
from bot.store.sql.copy import CopyRows
from bot.store.sql.erasure import ErasingRows
from bot.store.sql.selfchecks import CheckRows
from bot.store.sql.values import STATE, read

_OPEN = "SELECT update_id, body FROM inbox WHERE chat = ? AND done = 0 AND update_id"
MOST_WAITING = 50  # an album has ten messages, and others may come between them
Own = Feedback | Moved | KeepQuestion | DropQuestions | Forget


class SqlStore(CheckRows, ErasingRows, CopyRows):
    """The Store protocol, but for what depends on the connection."""

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        fresh = []
        with self._transaction() as db:
            for update_id, chat, body in updates:
                cursor = db.execute(
                    "INSERT INTO inbox (update_id, chat, body, received, done) VALUES (?, ?, ?, ?, 0) "
                    "ON CONFLICT DO NOTHING",
                    (update_id, chat, body, self._clock()),
                )
                if cursor.rowcount:
                    fresh.append(update_id)
        return fresh

    def pending_updates(self) -> list[tuple[int, str]]:
        rows = self._rows("SELECT update_id, chat FROM inbox WHERE done = 0 ORDER BY update_id")
        return [(row["update_id"], row["chat"]) for row in rows]

    def claim(self, chat: str, without: Collection[int]) -> Claimed | None:
        rows = self._open(chat, without, 2)
        return Claimed(rows[0]["update_id"], rows[0]["body"], len(rows) > 1) if rows else None

    def waiting_updates(self, chat: str) -> list[str]:
        return [row["body"] for row in self._open(chat, (), MOST_WAITING)]

    def release(self, chat: str, without: Collection[int]) -> bool:
        return bool(self._open(chat, without, 1))

    @abstractmethod
    async def listen(self, heard: Callable[[], None]) -> None:
        """See the Store protocol."""

    def _open(self, chat: str, without: Collection[int], most: int) -> list[dict[str, Any]]:
        query = f"{_OPEN} {self._none_of} ORDER BY update_id LIMIT ?"
        return self._rows(query, chat, self._list(without), most)

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
            forgets = Forget() in effects
            if event is not None and state is not None and not forgets:
                if state.known and not db.execute("SELECT 1 FROM states WHERE key = ?", (event.key,)).fetchone():
                    raise Conflict("A state was deleted since it was read.")
                row = {
                    "key": event.key,
                    "user_id": event.user_id,
                    "body": STATE.dump_json(state).decode(),
                    "updated": self._clock(),
                }
                self._put(db, "states", row, "key")
            self._follow(db, out, effects, event)
        if forgets:
            self._emptied()
        return True

    def act(self, out: Sequence[Outgoing], effects: Sequence[Effect]) -> None:
        with self._transaction() as db:
            self._follow(db, out, effects, None)

    def _follow(self, db: Sql, out: Sequence[Outgoing], effects: Sequence[Effect], event: Event | None) -> None:
        for effect in effects:
            self._apply(db, effect, event)
        whose = None if event is None or Forget() in effects else event.user_id
        for item in out:
            self._enqueue(db, item, whose)

    def _apply(self, db: Sql, effect: Effect, event: Event | None) -> None:
        match effect:
            case NewRequest(request):
                self._new(db, request)
            case ChangeRequest(request):
                self._change(db, request)
            case Said(reference, side, text, message):
                origin = (event.chat_id, message or event.message_id) if event else (None, None)
                self._say(db, reference, side.value, text, origin)
            case Corrected(reference, side, text):
                assert event is not None
                self._correct(db, reference, side.value, text, event)
            case TakenBack(reference, messages):
                assert event is not None
                self._take_back(db, reference, [(event.chat_id, message) for message in messages])
            case NewCheck() | ShareCheck() | NewCode() | LeaveCode():
                assert event is not None
                self._apply_check(db, effect, event.user_id)
            case _:
                assert event is not None
                self._apply_own(db, effect, event)

    def _apply_own(self, db: Sql, effect: Own, event: Event) -> None:
        """What concerns the person or the chat of an event."""
        match effect:
            case Feedback(entry, value):
                row = {"user_id": event.user_id, "entry": entry, "value": value, "created": self._clock()}
                db.execute("DELETE FROM feedback WHERE user_id = ? AND entry = ?", (event.user_id, entry))
                self._put(db, "feedback", row)
            case Moved(new):
                self._move(db, event.chat_id, new)
            case KeepQuestion(question, entry, consent):
                row = {"user_id": event.user_id, "question": question, "entry": entry, "consent": consent}
                self._put(db, "questions", {**row, "created": self._clock()})
            case DropQuestions():
                db.execute("DELETE FROM questions WHERE user_id = ?", (event.user_id,))
            case Forget():
                self._forget(db, event.user_id, event.update_id)
                self._drop_pictures(db)

    def state(self, key: str) -> State:
        rows = self._rows("SELECT body FROM states WHERE key = ?", key)
        found = read(STATE, rows[0]["body"], "a chat's state") if rows else None
        return replace(found, known=True) if found else State()

    def questions(self) -> list[tuple[str, str, float]]:
        rows = self._rows("SELECT question, entry, created FROM questions ORDER BY id")
        return [(row["question"], row["entry"], row["created"]) for row in rows]

    def thumbs(self) -> list[tuple[str, int, int]]:
        rows = self._rows(
            "SELECT entry, count(*) FILTER (WHERE value = 1) AS up, count(*) FILTER (WHERE value = 0) AS down "
            "FROM feedback GROUP BY entry ORDER BY entry"
        )
        return [(row["entry"], row["up"], row["down"]) for row in rows]
