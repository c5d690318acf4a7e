"""What the bot stores about its users: conversation state, thumbs on answers, questions saved with consent."""

from dataclasses import replace

from bot.domain.effects import DeleteQuestions, FeedbackEffect, SaveFeedback, SaveQuestion
from bot.domain.event import Event
from bot.domain.turn import State
from bot.errors import StoreConflict
from bot.store.sql.database import STATE_ADAPTER, Repository, Transaction, read_json


class UserRepository(Repository):
    """States, feedback and questions."""

    def load_state(self, key: str) -> State:
        """Return a person's state; a new one if none is stored."""
        rows = self._database.fetch_rows("SELECT body FROM states WHERE key = ?", key)
        state = read_json(STATE_ADAPTER, rows[0]["body"], "a chat's state") if rows else None
        return replace(state, known=True) if state else State()

    def save_state(self, db: Transaction, event: Event, state: State) -> None:
        """Save the state of an event's person; raises StoreConflict if it was deleted since it was read."""
        query = "SELECT 1 FROM states WHERE key = ?"
        if state.known and not db.execute(query, (event.state_key,)).fetchone():
            raise StoreConflict("A state was deleted since it was read.")
        body, now = STATE_ADAPTER.dump_json(state).decode(), self._database.clock()
        row = {"key": event.state_key, "user_id": event.user_id, "body": body, "updated": now}
        self._database.upsert_row(db, "states", row, "key")

    def apply_feedback_effect(self, db: Transaction, effect: FeedbackEffect, user_id: int) -> None:
        """Save a person's feedback or question, or delete their questions."""
        row: dict[str, object] = {"user_id": user_id, "created": self._database.clock()}
        match effect:
            case SaveFeedback(entry, value, flaw):
                db.execute("DELETE FROM feedback WHERE user_id = ? AND entry = ?", (user_id, entry))
                self._database.upsert_row(db, "feedback", {**row, "entry": entry, "value": value, "flaw": flaw})
            case SaveQuestion(question, entry, consent):
                answered = {"question": question, "entry": entry, "consent": consent}
                self._database.upsert_row(db, "questions", row | answered)
            case DeleteQuestions():
                db.execute("DELETE FROM questions WHERE user_id = ?", (user_id,))

    def find_rating(self, user_id: int, entry: str) -> SaveFeedback | None:
        """Return a person's thumb on an entry; None if there is none."""
        query = "SELECT value, flaw FROM feedback WHERE user_id = ? AND entry = ?"
        rows = self._database.fetch_rows(query, user_id, entry)
        return SaveFeedback(entry, rows[0]["value"], rows[0]["flaw"]) if rows else None

    def consented_questions(self) -> list[tuple[str, str, float]]:
        """Return the questions saved with consent as (text, entry that answered, Unix time), oldest first."""
        rows = self._database.fetch_rows("SELECT question, entry, created FROM questions ORDER BY id")
        return [(row["question"], row["entry"], row["created"]) for row in rows]

    def flaw_counts(self) -> dict[str, dict[str, int]]:
        """Return for each entry how often each flaw was named."""
        counts: dict[str, dict[str, int]] = {}
        query = "SELECT entry, flaw, count(*) AS times FROM feedback WHERE flaw <> '' GROUP BY entry, flaw"
        for row in self._database.fetch_rows(query):
            counts.setdefault(row["entry"], {})[row["flaw"]] = row["times"]
        return counts

    def feedback_counts(self) -> list[tuple[str, int, int]]:
        """Return the number of thumbs up and of thumbs down for each entry that has any."""
        rows = self._database.fetch_rows(
            "SELECT entry, count(*) FILTER (WHERE value = 1) AS up, count(*) FILTER (WHERE value = 0) AS down "
            "FROM feedback GROUP BY entry ORDER BY entry"
        )
        return [(row["entry"], row["up"], row["down"]) for row in rows]
