"""What the Store protocol says, in the SQL that SQLite and PostgreSQL have in common."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.effects import (
    AppendTranscript,
    CorrectTranscript,
    CreateRequest,
    CreateTeamCode,
    DeleteQuestions,
    Effect,
    ErasePerson,
    LeaveTeam,
    MigrateChat,
    RetractMessages,
    SaveFeedback,
    SaveQuestion,
    SaveSelfCheck,
    ShareSelfCheck,
    UpdateRequest,
)
from bot.domain.event import Event
from bot.domain.turn import State
from bot.errors import StoreConflict
from bot.store.protocol import ClaimedUpdate, OutgoingCall
from bot.store.sql.base import Transaction
from bot.store.sql.copy import CopyableStore
from bot.store.sql.erasure import ErasureRepository
from bot.store.sql.selfchecks import SelfCheckRepository
from bot.store.sql.values import STATE_ADAPTER, read_json

_UNDONE_UPDATES = "SELECT update_id, body FROM inbox WHERE chat = ? AND done = 0 AND update_id"
MAX_WAITING_UPDATES = 50  # an album has ten messages, and others may come between them
UserEffect = SaveFeedback | MigrateChat | SaveQuestion | DeleteQuestions | ErasePerson


class SqlStore(SelfCheckRepository, ErasureRepository, CopyableStore):
    """The Store protocol, but for what depends on the connection."""

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        new_ids = []
        with self._transaction() as db:
            for update_id, chat_key, body in updates:
                cursor = db.execute(
                    "INSERT INTO inbox (update_id, chat, body, received, done) VALUES (?, ?, ?, ?, 0) "
                    "ON CONFLICT DO NOTHING",
                    (update_id, chat_key, body, self._clock()),
                )
                if cursor.rowcount:
                    new_ids.append(update_id)
        return new_ids

    def pending_updates(self) -> list[tuple[int, str]]:
        rows = self._fetch_rows("SELECT update_id, chat FROM inbox WHERE done = 0 ORDER BY update_id")
        return [(row["update_id"], row["chat"]) for row in rows]

    def claim_update(self, chat_key: str, excluded: Collection[int]) -> ClaimedUpdate | None:
        rows = self._undone_updates(chat_key, excluded, 2)
        return ClaimedUpdate(rows[0]["update_id"], rows[0]["body"], len(rows) > 1) if rows else None

    def waiting_updates(self, chat_key: str) -> list[str]:
        return [row["body"] for row in self._undone_updates(chat_key, (), MAX_WAITING_UPDATES)]

    def release_chat(self, chat_key: str, excluded: Collection[int]) -> bool:
        return bool(self._undone_updates(chat_key, excluded, 1))

    @abstractmethod
    async def listen_for_calls(self, on_queued: Callable[[], None]) -> None:
        """See the Store protocol."""

    def _undone_updates(self, chat_key: str, excluded: Collection[int], limit: int) -> list[dict[str, Any]]:
        query = f"{_UNDONE_UPDATES} {self._not_in_list} ORDER BY update_id LIMIT ?"
        return self._fetch_rows(query, chat_key, self._list_value(excluded), limit)

    def count_pending_updates(self) -> int:
        return int(self._fetch_rows("SELECT count(*) AS n FROM inbox WHERE done = 0")[0]["n"])

    def last_activity(self) -> float | None:
        rows = self._fetch_rows(
            "SELECT max(received) AS time FROM inbox UNION ALL SELECT max(updated) FROM states "
            "UNION ALL SELECT max(created) FROM outbox UNION ALL SELECT max(created) FROM requests"
        )
        return max((row["time"] for row in rows if row["time"] is not None), default=None)

    def finish_update(
        self,
        update_id: int,
        event: Event | None,
        state: State | None,
        calls: Sequence[OutgoingCall],
        effects: Sequence[Effect],
    ) -> bool:
        with self._transaction() as db:
            cursor = db.execute(
                "UPDATE inbox SET done = 1, chat = '', body = '' WHERE update_id = ? AND done = 0", (update_id,)
            )
            if not cursor.rowcount:
                return False
            forgets = ErasePerson() in effects
            if event is not None and state is not None and not forgets:
                if (
                    state.known
                    and not db.execute("SELECT 1 FROM states WHERE key = ?", (event.state_key,)).fetchone()
                ):
                    raise StoreConflict("A state was deleted since it was read.")
                row = {
                    "key": event.state_key,
                    "user_id": event.user_id,
                    "body": STATE_ADAPTER.dump_json(state).decode(),
                    "updated": self._clock(),
                }
                self._upsert_row(db, "states", row, "key")
            self._apply_and_enqueue(db, calls, effects, event)
        if forgets:
            self._scrub_deleted_data()
        return True

    def apply(self, calls: Sequence[OutgoingCall], effects: Sequence[Effect]) -> None:
        with self._transaction() as db:
            self._apply_and_enqueue(db, calls, effects, None)

    def _apply_and_enqueue(
        self, db: Transaction, calls: Sequence[OutgoingCall], effects: Sequence[Effect], event: Event | None
    ) -> None:
        for effect in effects:
            self._apply_effect(db, effect, event)
        user_id = None if event is None or ErasePerson() in effects else event.user_id
        for call in calls:
            self._enqueue_call(db, call, user_id)

    def _apply_effect(self, db: Transaction, effect: Effect, event: Event | None) -> None:
        match effect:
            case CreateRequest(request):
                self._insert_request(db, request)
            case UpdateRequest(request):
                self._update_request(db, request)
            case AppendTranscript(reference, side, text, message):
                source = (event.chat_id, message or event.message_id) if event else (None, None)
                self._add_line(db, reference, side.value, text, source)
            case CorrectTranscript(reference, side, text):
                assert event is not None
                self._correct_line(db, reference, side.value, text, event)
            case RetractMessages(reference, messages):
                assert event is not None
                self._retract_messages(db, reference, [(event.chat_id, message) for message in messages])
            case SaveSelfCheck() | ShareSelfCheck() | CreateTeamCode() | LeaveTeam():
                assert event is not None
                self._apply_selfcheck_effect(db, effect, event.user_id)
            case _:
                assert event is not None
                self._apply_user_effect(db, effect, event)

    def _apply_user_effect(self, db: Transaction, effect: UserEffect, event: Event) -> None:
        """What concerns the person or the chat of an event."""
        match effect:
            case SaveFeedback(entry, value):
                row = {"user_id": event.user_id, "entry": entry, "value": value, "created": self._clock()}
                db.execute("DELETE FROM feedback WHERE user_id = ? AND entry = ?", (event.user_id, entry))
                self._upsert_row(db, "feedback", row)
            case MigrateChat(new):
                self._migrate_chat(db, event.chat_id, new)
            case SaveQuestion(question, entry, consent):
                row = {"user_id": event.user_id, "question": question, "entry": entry, "consent": consent}
                self._upsert_row(db, "questions", {**row, "created": self._clock()})
            case DeleteQuestions():
                db.execute("DELETE FROM questions WHERE user_id = ?", (event.user_id,))
            case ErasePerson():
                self._forget_user(db, event.user_id, event.update_id)
                self._drop_small_pictures(db)

    def load_state(self, key: str) -> State:
        rows = self._fetch_rows("SELECT body FROM states WHERE key = ?", key)
        state = read_json(STATE_ADAPTER, rows[0]["body"], "a chat's state") if rows else None
        return replace(state, known=True) if state else State()

    def consented_questions(self) -> list[tuple[str, str, float]]:
        rows = self._fetch_rows("SELECT question, entry, created FROM questions ORDER BY id")
        return [(row["question"], row["entry"], row["created"]) for row in rows]

    def feedback_counts(self) -> list[tuple[str, int, int]]:
        rows = self._fetch_rows(
            "SELECT entry, count(*) FILTER (WHERE value = 1) AS up, count(*) FILTER (WHERE value = 0) AS down "
            "FROM feedback GROUP BY entry ORDER BY entry"
        )
        return [(row["entry"], row["up"], row["down"]) for row in rows]
