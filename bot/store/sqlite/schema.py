"""The SQLite schema's migrations, which sqlite-utils applies and records, each in a transaction."""

from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from bot.store.sql.migrations import find_migrations, list_pending

MIGRATIONS = find_migrations(Path(__file__).parent / "migrations")
migrations = Migrations("bot")


def pending_steps(db: Database, path: Path) -> list[str]:
    """Return the migrations that the store lacks; raises StoreError if a newer version of this program wrote it."""
    return list_pending(MIGRATIONS, [step.name for step in migrations.applied(db)], path)


def _register(name: str, sql: str) -> None:
    @migrations(name=name)
    def run_statements(db: Database) -> None:
        for statement in sql.split(";\n"):  # executescript would commit the transaction
            db.execute(statement)


for _name, _file in MIGRATIONS.items():
    _register(_name, _file.read_text(encoding="utf-8"))
