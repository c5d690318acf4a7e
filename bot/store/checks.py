"""Self-checks: a person's own, and what several people told under a code."""

from typing import Any

from bot.effects import LeaveCode, NewCheck, NewCode, ShareCheck
from bot.selfcheck import Answers, Result
from bot.store.bodies import ANSWERS, read
from bot.store.rows import Rows, Sql

KEPT = 2  # the last one, and the one before it to compare with


class CheckRows(Rows):
    """What the Store protocol says of self-checks."""

    def checks(self, user_id: int) -> list[Result]:
        rows = self._rows("SELECT answers, created FROM checks WHERE user_id = ? ORDER BY id DESC", user_id)
        return [Result(answers, row["created"]) for row in rows if (answers := _read(row)) is not None]

    def codes(self, user_id: int) -> list[str]:
        rows = self._rows("SELECT code FROM shares WHERE user_id = ? ORDER BY created DESC, code DESC", user_id)
        return [row["code"] for row in rows]

    def shared(self, code: str) -> list[Answers] | None:
        if not self._rows("SELECT code FROM codes WHERE code = ?", code):
            return None
        rows = self._rows("SELECT answers FROM shares WHERE code = ? ORDER BY created, user_id", code)
        return [answers for row in rows if (answers := _read(row)) is not None]

    def _apply_check(self, db: Sql, effect: NewCheck | ShareCheck | NewCode | LeaveCode, user_id: int) -> None:
        match effect:
            case NewCheck(answers, code):
                row = {"user_id": user_id, "answers": _json(answers), "created": self._clock()}
                self._put(db, "checks", row)
                db.execute(
                    "DELETE FROM checks WHERE user_id = ? AND id NOT IN "
                    "(SELECT id FROM checks WHERE user_id = ? ORDER BY id DESC LIMIT ?)",
                    (user_id, user_id, KEPT),
                )
                if code:
                    self._share(db, answers, code, user_id)
            case ShareCheck(answers, code):
                self._share(db, answers, code, user_id)
            case NewCode(code):
                self._put(db, "codes", {"code": code, "created": self._clock()})
            case LeaveCode(code):
                db.execute("DELETE FROM shares WHERE code = ? AND user_id = ?", (code, user_id))

    def _share(self, db: Sql, answers: Answers, code: str, user_id: int) -> None:
        row = {"code": code, "user_id": user_id, "answers": _json(answers), "created": self._clock()}
        self._put(db, "shares", row, "code", "user_id")
        db.execute("INSERT INTO codes (code, created) VALUES (?, ?) ON CONFLICT DO NOTHING", (code, self._clock()))


def _read(row: dict[str, Any]) -> Answers | None:
    return read(ANSWERS, row["answers"], "a self-check")


def _json(answers: Answers) -> str:
    return ANSWERS.dump_json(dict(answers)).decode()
