"""The store: eight repositories over one database, and operations that span several of them."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import TypeAdapter

from bot.domain.effects import (
    AppendTranscript,
    CorrectTranscript,
    CreateRequest,
    DeskEffect,
    Effect,
    EndAbsences,
    ErasePerson,
    EventEffect,
    FeedbackEffect,
    MigrateChat,
    RetractMessages,
    SaveAbsence,
    SaveMailbox,
    UpdateRequest,
)
from bot.domain.event import Event
from bot.domain.turn import State
from bot.errors import StoreError
from bot.store.personal_data import DATA_TABLES
from bot.store.records import OutgoingCall
from bot.store.sql.absences import AbsenceRepository
from bot.store.sql.database import ANSWERS_ADAPTER, REQUEST_ADAPTER, STATE_ADAPTER, Database, Transaction, copy_rows
from bot.store.sql.desk import DeskRepository
from bot.store.sql.erasure import ErasureRepository
from bot.store.sql.inbox import InboxRepository
from bot.store.sql.mailboxes import MailboxRepository
from bot.store.sql.outbox import OutboxRepository
from bot.store.sql.requests import RequestRepository
from bot.store.sql.selfchecks import SelfCheckRepository
from bot.store.sql.users import UserRepository

_UPDATE_ADAPTER = TypeAdapter(dict[str, Any])
_JSON_COLUMNS: tuple[tuple[str, str, TypeAdapter[Any]], ...] = (
    ("states", "body", STATE_ADAPTER),
    ("checks", "answers", ANSWERS_ADAPTER),
    ("shares", "answers", ANSWERS_ADAPTER),
    ("inbox WHERE done = 0", "body", _UPDATE_ADAPTER),
)


class Store:
    """Durable state. Every method, also of the repositories, is one transaction and may be called from any thread.

    Each raises StoreUnavailable, with nothing changed, if it may succeed later; other StoreErrors are final. Method
    names are unique across repositories. Several processes may use the store.
    """

    def __init__(self, database: Database) -> None:
        self.database, self.address = database, database.address
        self.inbox = InboxRepository(database)
        self.users = UserRepository(database)
        self.requests = RequestRepository(database)
        self.outbox = OutboxRepository(database)
        self.selfchecks = SelfCheckRepository(database)
        self.mailboxes = MailboxRepository(database)
        self.desk = DeskRepository(database)
        self.absences = AbsenceRepository(database)
        self.erasure = ErasureRepository(database, self.requests, self.outbox)

    def close(self) -> None:
        """Close the database; later calls raise StoreError."""
        self.database.close()

    def finish_update(
        self,
        update_id: int,
        event: Event | None,
        state: State | None,
        calls: Sequence[OutgoingCall],
        effects: Sequence[Effect],
    ) -> bool:
        """Mark an update as done and store all that follows from it; False, and no change, if it was already done.

        Raises StoreConflict, and changes nothing, if a request to be changed has been changed, or the state has been
        deleted, since it was read.
        """
        with self.database.transaction() as db:
            if not self.inbox.mark_done(db, update_id):
                return False
            forgets = ErasePerson() in effects
            if event is not None and state is not None and not forgets:
                self.users.save_state(db, event, state)
            self._apply_and_enqueue(db, calls, effects, event)
        if forgets:
            self.database.scrub_deleted_data()
        return True

    def apply(self, calls: Sequence[OutgoingCall], effects: Sequence[Effect]) -> None:
        """Store what follows from the passage of time, not from an update; raises StoreConflict as above."""
        with self.database.transaction() as db:
            self._apply_and_enqueue(db, calls, effects, None)

    def last_activity(self) -> float | None:
        """Return when (Unix time) anything was last written; None for an empty store."""
        rows = self.database.fetch_rows(
            "SELECT max(received) AS time FROM inbox UNION ALL SELECT max(updated) FROM states "
            "UNION ALL SELECT max(created) FROM outbox UNION ALL SELECT max(created) FROM requests"
        )
        return max((row["time"] for row in rows if row["time"] is not None), default=None)

    def copy_to(
        self, target: "Store", progress: Callable[[str, int, int | None], None] = lambda *_: None
    ) -> dict[str, int]:
        """Copy everything in one transaction of the target; returns the number of rows of each table.

        ``progress`` hears of each table once it is copied.

        Raises StoreError, and leaves the target unchanged, if a bot is using either store, if the target is not
        empty, or if the copy differs. Taking all duties keeps bots from starting in the meantime.
        """
        source_database, target_database = self.database, target.database
        if self.address == target.address:
            raise StoreError(f"{self.address} cannot be copied to itself.")
        source_database.acquire_all_duties()
        target_database.acquire_all_duties()
        with source_database.transaction(), target_database.transaction() as target_db:
            for table in DATA_TABLES:
                if target_db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - our own names
                    raise StoreError(f"{target.address} is not empty ({table}); nothing was changed.")
            counts = {}
            for table in DATA_TABLES:
                counts[table] = self._copy_table(table, target_database, target_db)
                progress("copying", len(counts), len(DATA_TABLES))
            return counts

    def delete_all_rows(self) -> int:
        """Delete every row of the tenant; returns how many there were.

        Raises StoreError, and deletes nothing, if a bot is using the store.
        """
        self.database.acquire_all_duties()
        with self.database.transaction() as db:
            rows = sum(db.execute(f"DELETE FROM {table}").rowcount for table in DATA_TABLES)  # noqa: S608 - our own names
        self.database.scrub_deleted_data()
        return rows

    def find_unreadable_rows(self) -> list[str]:
        """Describe the rows that are ignored because another version or a damaged disk left unreadable JSON.

        Requests are listed by their references, other rows are counted.
        """
        rows = self.database.fetch_rows("SELECT reference, body FROM requests ORDER BY reference")
        broken_rows = (row for row in rows if not _is_readable(REQUEST_ADAPTER, row["body"]))
        descriptions = [f"request {row['reference']}" for row in broken_rows]
        for source, column, adapter in _JSON_COLUMNS:
            values = self.database.fetch_rows(f"SELECT {column} AS value FROM {source}")  # noqa: S608 - our own names
            if broken_count := sum(not _is_readable(adapter, row["value"]) for row in values):
                descriptions.append(f"{broken_count} row{'s' * (broken_count > 1)} of {source.partition(' ')[0]}")
        return descriptions

    def _copy_table(self, table: str, target: Database, target_db: Transaction) -> int:
        rows = self.database.fetch_rows(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        for row in rows:
            row.pop("tenant", None)
        if rows:
            columns = list(rows[0])
            copy_rows(table, columns, [list(row.values()) for row in rows], target_db, target.address)
            if "id" in columns:
                target.advance_ids(target_db, table)
        return len(rows)

    def _apply_and_enqueue(
        self, db: Transaction, calls: Sequence[OutgoingCall], effects: Sequence[Effect], event: Event | None
    ) -> None:
        for effect in effects:
            self._apply_effect(db, effect, event)
        user_id = None if event is None or ErasePerson() in effects else event.user_id
        for call in calls:
            self.outbox.enqueue_call(db, call, user_id)

    def _apply_effect(self, db: Transaction, effect: Effect, event: Event | None) -> None:
        if isinstance(effect, DeskEffect):
            return self.desk.apply_desk_effect(db, effect)
        match effect:
            case CreateRequest(request):
                self.requests.insert_request(db, request)
            case UpdateRequest(request):
                self.requests.update_request(db, request)
            case AppendTranscript(reference, side, text, message, signed):
                source = (event.chat_id, message or event.message_id) if event else (None, None)
                self.requests.add_line(db, reference, side.value, text, source, signed=signed)
            case SaveMailbox(mailbox):
                self.mailboxes.save_mailbox(db, mailbox)
            case SaveAbsence(absence):
                self.absences.add_absence(db, absence)
            case EndAbsences():
                self.absences.delete_absences(db)
            case _:
                assert event is not None
                self._apply_event_effect(db, effect, event)

    def _apply_event_effect(self, db: Transaction, effect: EventEffect, event: Event) -> None:
        if isinstance(effect, FeedbackEffect):
            return self.users.apply_feedback_effect(db, effect, event.user_id)
        match effect:
            case CorrectTranscript(reference, side, text):
                self.requests.correct_line(db, reference, side.value, text, event)
            case RetractMessages(reference, messages):
                self.requests.retract_messages(db, reference, [(event.chat_id, message) for message in messages])
            case MigrateChat(new):
                self.outbox.move_chat(db, event.chat_id, new)
            case ErasePerson():
                self.erasure.forget_user(db, event.user_id, event.update_id)
                self.selfchecks.drop_small_pictures(db)
            case _:
                self.selfchecks.apply_selfcheck_effect(db, effect, event.user_id)


def _is_readable(adapter: TypeAdapter[Any], body: str) -> bool:
    try:
        adapter.validate_json(body)
    except ValueError:
        return False
    return True
