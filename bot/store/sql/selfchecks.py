"""Self-checks of single persons, and those that several people share under a code."""

from bot.domain.effects import CreateTeamCode, LeaveTeam, SaveSelfCheck, SelfCheckEffect, ShareSelfCheck
from bot.domain.selfcheck import MIN_TEAM_SIZE, SelfCheckAnswers, SelfCheckResult, Team, TeamResult, aggregate_answers
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.sql.database import ANSWERS_ADAPTER, WORDS_ADAPTER, Repository, Transaction, read_json

MAX_SELFCHECKS = 2  # the last one, and the one before it to compare with


class SelfCheckRepository(Repository):
    """Results of persons, codes of teams, and pictures: the stored results of teams."""

    def recent_selfchecks(self, user_id: int) -> list[SelfCheckResult]:
        """Return a person's last two self-checks, newest first; older ones are deleted."""
        query = "SELECT answers, created FROM checks WHERE user_id = ? ORDER BY id DESC"
        rows = self._database.fetch_rows(query, user_id)
        results = ((_read_answers(row["answers"]), row["created"]) for row in rows)
        return [SelfCheckResult(answers, created) for answers, created in results if answers is not None]

    def team_codes(self, user_id: int) -> dict[str, bool]:
        """Return the codes under which a person shared answers, newest first; True if a picture includes them."""
        query = "SELECT code, pictured FROM shares WHERE user_id = ? ORDER BY created DESC, code DESC"
        rows = self._database.fetch_rows(query, user_id)
        return {row["code"]: bool(row["pictured"]) for row in rows}

    def find_team(self, code: str) -> Team | None:
        """Return the team with a code; None if the code does not exist."""
        rows = self._database.fetch_rows(
            "SELECT (SELECT count(*) FROM shares WHERE shares.code = codes.code) AS people, "
            "(SELECT count(*) FROM shares WHERE shares.code = codes.code AND pictured = 0) AS waiting, "
            "pictures.words, pictures.people AS shown, pictures.created "
            "FROM codes LEFT JOIN pictures ON pictures.code = codes.code WHERE codes.code = ?",
            code,
        )
        if not rows:
            return None
        row, picture = rows[0], None
        if row["words"] is not None:
            picture = TeamResult(WORDS_ADAPTER.validate_json(row["words"]), row["shown"], row["created"])
        return Team(row["people"], row["waiting"], picture)

    def make_due_pictures(self) -> None:
        """Make the pictures for which enough people are waiting, which an earlier version may have left out."""
        query = "SELECT code FROM shares WHERE pictured = 0 GROUP BY code HAVING count(*) >= ?"
        due_rows = self._database.fetch_rows(query, MIN_TEAM_SIZE)
        if due_rows:
            with self._database.transaction() as db:
                for row in due_rows:
                    self._make_team_picture(db, row["code"])

    def apply_selfcheck_effect(self, db: Transaction, effect: SelfCheckEffect, user_id: int) -> None:
        """Save or share a person's answers, or create or leave a team."""
        match effect:
            case SaveSelfCheck(answers, code):
                row = {"user_id": user_id, "answers": _dump_answers(answers), "created": self._database.clock()}
                self._database.upsert_row(db, "checks", row)
                db.execute(
                    "DELETE FROM checks WHERE user_id = ? AND id NOT IN "
                    "(SELECT id FROM checks WHERE user_id = ? ORDER BY id DESC LIMIT ?)",
                    (user_id, user_id, MAX_SELFCHECKS),
                )
                if code:
                    self._share_answers(db, answers, code, user_id)
            case ShareSelfCheck(answers, code):
                self._share_answers(db, answers, code, user_id)
            case CreateTeamCode(code):
                self._database.upsert_row(db, "codes", {"code": code, "created": self._database.clock()})
            case LeaveTeam(code):
                db.execute("DELETE FROM shares WHERE code = ? AND user_id = ?", (code, user_id))
                self.drop_small_pictures(db)

    def _share_answers(self, db: Transaction, answers: SelfCheckAnswers, code: str, user_id: int) -> None:
        """Share answers; those included in a picture remain unchanged until the person leaves the team."""
        now, key_columns = self._database.clock(), ", ".join((*self._database.key_prefix, "code", "user_id"))
        db.execute("INSERT INTO codes (code, created) VALUES (?, ?) ON CONFLICT DO NOTHING", (code, now))
        db.execute(
            "INSERT INTO shares (code, user_id, answers, created) VALUES (?, ?, ?, ?) "  # noqa: S608 - our own names
            f"ON CONFLICT ({key_columns}) DO UPDATE SET answers = excluded.answers, created = excluded.created "
            "WHERE shares.pictured = 0",
            (code, user_id, _dump_answers(answers), now),
        )
        self._make_team_picture(db, code)

    def _make_team_picture(self, db: Transaction, code: str) -> None:
        """Make a new picture of a team if enough people are not in one yet."""
        rows = db.execute("SELECT answers, pictured FROM shares WHERE code = ?", (code,)).fetchall()
        if sum(not pictured for _, pictured in rows) < MIN_TEAM_SIZE:
            return
        readable_answers = [answers for body, _ in rows if (answers := _read_answers(body)) is not None]
        words = WORDS_ADAPTER.dump_json(aggregate_answers(readable_answers)).decode()
        row = {"code": code, "words": words, "people": len(rows), "created": self._database.clock()}
        self._database.upsert_row(db, "pictures", row, "code")
        db.execute("UPDATE shares SET pictured = 1 WHERE code = ?", (code,))

    def drop_small_pictures(self, db: Transaction) -> None:
        """Delete pictures with too few people left in them, so that none reveals a person's answers."""
        db.execute(f"DELETE FROM pictures WHERE {DATA_CATALOGUE['pictures'].expiry_condition}")  # noqa: S608 - our own names


def _read_answers(body: str) -> SelfCheckAnswers | None:
    return read_json(ANSWERS_ADAPTER, body, "a self-check")


def _dump_answers(answers: SelfCheckAnswers) -> str:
    return ANSWERS_ADAPTER.dump_json(dict(answers)).decode()
