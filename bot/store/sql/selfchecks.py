"""Self-checks: a person's own, and what several people told under a code."""

from bot.domain.effects import LeaveCode, NewCheck, NewCode, ShareCheck
from bot.domain.selfcheck import ENOUGH, Answers, Picture, Result, Team, together
from bot.store.personal_data import HELD
from bot.store.sql.base import Rows, Sql
from bot.store.sql.values import ANSWERS, WORDS, read

KEPT = 2  # the last one, and the one before it to compare with


class CheckRows(Rows):
    """What the Store protocol says of self-checks."""

    def checks(self, user_id: int) -> list[Result]:
        rows = self._rows("SELECT answers, created FROM checks WHERE user_id = ? ORDER BY id DESC", user_id)
        return [Result(answers, row["created"]) for row in rows if (answers := _read(row["answers"])) is not None]

    def codes(self, user_id: int) -> dict[str, bool]:
        rows = self._rows(
            "SELECT code, pictured FROM shares WHERE user_id = ? ORDER BY created DESC, code DESC", user_id
        )
        return {row["code"]: bool(row["pictured"]) for row in rows}

    def team(self, code: str) -> Team | None:
        rows = self._rows(
            "SELECT (SELECT count(*) FROM shares WHERE shares.code = codes.code) AS people, "
            "(SELECT count(*) FROM shares WHERE shares.code = codes.code AND pictured = 0) AS waiting, "
            "pictures.words, pictures.people AS shown, pictures.created "
            "FROM codes LEFT JOIN pictures ON pictures.code = codes.code WHERE codes.code = ?",
            code,
        )
        if not rows:
            return None
        (row,) = rows
        made = row["words"] is not None
        picture = Picture(WORDS.validate_json(row["words"]), row["shown"], row["created"]) if made else None
        return Team(row["people"], row["waiting"], picture)

    def make_pictures(self) -> None:
        """Make the pictures for which enough people wait, which a store of an earlier version may hold."""
        due = self._rows("SELECT code FROM shares WHERE pictured = 0 GROUP BY code HAVING count(*) >= ?", ENOUGH)
        if due:
            with self._transaction() as db:
                for row in due:
                    self._make_picture(db, row["code"])

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
                self._drop_pictures(db)

    def _share(self, db: Sql, answers: Answers, code: str, user_id: int) -> None:
        """What a picture was made of stays as it is until the person leaves the team."""
        now, key = self._clock(), ", ".join((*self._before_keys, "code", "user_id"))
        db.execute("INSERT INTO codes (code, created) VALUES (?, ?) ON CONFLICT DO NOTHING", (code, now))
        db.execute(
            "INSERT INTO shares (code, user_id, answers, created) VALUES (?, ?, ?, ?) "  # noqa: S608 - our own names
            f"ON CONFLICT ({key}) DO UPDATE SET answers = excluded.answers, created = excluded.created "
            "WHERE shares.pictured = 0",
            (code, user_id, _json(answers), now),
        )
        self._make_picture(db, code)

    def _make_picture(self, db: Sql, code: str) -> None:
        """Make a team's picture anew where enough people are in none yet."""
        rows = db.execute("SELECT answers, pictured FROM shares WHERE code = ?", (code,)).fetchall()
        if sum(not pictured for _, pictured in rows) < ENOUGH:
            return
        known = [answers for body, _ in rows if (answers := _read(body)) is not None]
        words = WORDS.dump_json(together(known)).decode()
        row = {"code": code, "words": words, "people": len(rows), "created": self._clock()}
        self._put(db, "pictures", row, "code")
        db.execute("UPDATE shares SET pictured = 1 WHERE code = ?", (code,))

    def _drop_pictures(self, db: Sql) -> None:
        """Delete the pictures of which too few people are left, so that no single answer is left in one."""
        db.execute(f"DELETE FROM pictures WHERE {HELD['pictures'].old}")  # noqa: S608 - our own names


def _read(body: str) -> Answers | None:
    return read(ANSWERS, body, "a self-check")


def _json(answers: Answers) -> str:
    return ANSWERS.dump_json(dict(answers)).decode()
