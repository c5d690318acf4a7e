"""When the advisers are away, as they said in their chat."""

from datetime import date

from bot.domain.absence import Absence
from bot.domain.calendar import day_end
from bot.store.sql.database import Repository, Transaction


class AbsenceRepository(Repository):
    """Absences, without who entered them."""

    def load_absences(self) -> tuple[Absence, ...]:
        """Return the absences that are not over, the earliest first."""
        query = "SELECT first, last FROM absences WHERE ends > ? ORDER BY first, last"
        rows = self._database.fetch_rows(query, self._database.clock())
        return tuple(Absence(date.fromisoformat(row["first"]), date.fromisoformat(row["last"])) for row in rows)

    def add_absence(self, db: Transaction, absence: Absence) -> None:
        """Save an absence; one that is saved already stays as it is."""
        row = {"first": str(absence.first), "last": str(absence.last), "ends": day_end(absence.last)}
        self._database.upsert_row(db, "absences", row, "first", "last")

    def delete_absences(self, db: Transaction) -> None:
        """Delete all absences."""
        db.execute("DELETE FROM absences")
