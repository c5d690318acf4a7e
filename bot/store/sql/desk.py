"""What belongs to an advisers' chat: ready answers, who writes there, whom they block, and when it was greeted."""

from bot.domain.effects import (
    BlockRequester,
    DeleteTextBlock,
    DeskEffect,
    NoteColleague,
    SaveTextBlock,
    UnblockRequester,
)
from bot.store.records import Colleague
from bot.store.sql.database import Repository, Transaction

DESK_TABLES = ("text_blocks", "colleagues", "greeted")  # whose rows belong to one advisers' chat


class DeskRepository(Repository):
    """Text blocks, colleagues, blocked people and greetings."""

    def text_blocks(self, desk: int) -> dict[str, str]:
        """Return the ready answers of an advisers' chat by name, in the order of the names."""
        rows = self._database.fetch_rows("SELECT name, text FROM text_blocks WHERE desk = ? ORDER BY name", desk)
        return {row["name"]: row["text"] for row in rows}

    def colleagues(self, desk: int, since: float) -> list[Colleague]:
        """Return who wrote or tapped in an advisers' chat since then (Unix time), the latest first."""
        query = "SELECT user_id, name, username, seen FROM colleagues WHERE desk = ? AND seen >= ? "
        rows = self._database.fetch_rows(query + "ORDER BY seen DESC, user_id", desk, since)
        return [Colleague(**row) for row in rows]

    def blocked_until(self, user_id: int) -> float:
        """Return until when (Unix time) the advisers block a person; 0 if they do not."""
        rows = self._database.fetch_rows("SELECT until FROM blocked WHERE user_id = ?", user_id)
        return float(rows[0]["until"]) if rows else 0.0

    def greeted_at(self, desk: int) -> float:
        """Return when (Unix time) an advisers' chat was greeted last; 0 for never."""
        rows = self._database.fetch_rows("SELECT at FROM greeted WHERE desk = ?", desk)
        return float(rows[0]["at"]) if rows else 0.0

    def apply_desk_effect(self, db: Transaction, effect: DeskEffect) -> None:
        """Save or delete what an effect names."""
        now = self._database.clock()
        match effect:
            case SaveTextBlock(desk, name, text):
                row = {"desk": desk, "name": name, "text": text, "created": now}
                self._database.upsert_row(db, "text_blocks", row, "desk", "name")
            case DeleteTextBlock(desk, name):
                db.execute("DELETE FROM text_blocks WHERE desk = ? AND name = ?", (desk, name))
            case NoteColleague(desk, user_id, name, username):
                row = {"desk": desk, "user_id": user_id, "name": name, "username": username, "seen": now}
                self._database.upsert_row(db, "colleagues", row, "desk", "user_id")
            case BlockRequester(user_id, until):
                row = {"user_id": user_id, "until": until, "created": now}
                self._database.upsert_row(db, "blocked", row, "user_id")
            case UnblockRequester(user_id):
                db.execute("DELETE FROM blocked WHERE user_id = ?", (user_id,))
            case _:
                self._database.upsert_row(db, "greeted", {"desk": effect.desk, "at": now}, "desk")
