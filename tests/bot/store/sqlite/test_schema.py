"""The migrations of SQLite: the schema after each step, and stores of each earlier version."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from sqlite_utils import Database

from bot.errors import StoreError
from bot.store.sqlite.database import SqliteDatabase
from bot.store.sqlite.schema import MIGRATIONS, migrations
from tests.conftest import Clock
from tests.support.tables import of_file

pytestmark = pytest.mark.durability

SHIPPED = yaml.safe_load((Path(__file__).parents[3] / "data" / "sqlite_schemas.yaml").read_text(encoding="utf-8"))
LEVELS = range(1, len(SHIPPED) + 1)
VALUES = {"INTEGER": 7, "TEXT": "ü 'x'\n", "REAL": 0.0}
RENAMED = {"question": "origin_message", "edit_question": "edits_message"}


def shipped(level: int) -> dict[str, str]:
    """The statements that create the tables and indexes of an earlier version, by name."""
    merged = {name: sql for step in list(SHIPPED)[:level] for name, sql in SHIPPED[step].items()}
    return {name: sql for name, sql in merged.items() if sql}


def schema(path: Path) -> dict[str, str]:
    """The same of a store, without the table in which sqlite-utils records the steps."""
    with closing(sqlite3.connect(path)) as file:
        return dict(
            file.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL AND tbl_name NOT LIKE '%migrations'")
        )


def plain(statements: dict[str, str]) -> dict[str, str]:
    """Statements without the spaces and quotation marks that mean nothing."""
    return {
        name: re.sub(r"\s*([(),])\s*", r"\1", " ".join(sql.replace('"', "").split()))
        for name, sql in statements.items()
    }


def make_store(path: Path, level: int, created: str = "1970-01-01T00:00:00+00:00") -> Path:
    """A store of an earlier version, with a row in each table; the first wrote the times of requests as text."""
    statements = sorted(shipped(level).values(), key=lambda sql: not sql.startswith("CREATE TABLE"))
    with closing(sqlite3.connect(path)) as file, file:
        for sql in statements:
            file.execute(sql)
        db = Database(file)
        for table in db.tables:
            row = {column.name: VALUES[column.type] for column in table.columns}
            table.insert(row | ({"created": created} if row.get("created") == VALUES["TEXT"] else {}))
        migrations.ensure_migrations_table(db)
        db.table(migrations.migrations_table).insert_all(
            {"migration_set": "bot", "name": name, "applied_at": ""} for name in list(SHIPPED)[:level]
        )
    return path


@pytest.mark.parametrize("level", LEVELS)
def test_steps_make_what_they_always_made(tmp_path: Path, level: int) -> None:
    """After each step a new store has the schema that an earlier version gave it at this step."""
    with closing(sqlite3.connect(tmp_path / "bot.db")) as file:
        migrations.apply(Database(file), stop_before=list(MIGRATIONS)[level:][:1])

    assert plain(schema(tmp_path / "bot.db")) == plain(shipped(level))


@pytest.mark.parametrize("level", LEVELS)
def test_store_of_an_older_version_is_upgraded(tmp_path: Path, clock: Clock, level: int) -> None:
    """A store of any earlier version keeps its rows and gets the schema of a new one."""
    before = of_file(make_store(tmp_path / "old.db", level))
    if level == 1:
        before["requests"] = [{"reference": VALUES["TEXT"], "chat_id": 7, "user_id": 7, "created": 0.0}]
    if level < 9:
        before.pop("holds", None)  # waits of unknown beginning are over

    for name in ("old.db", "new.db"):
        SqliteDatabase(tmp_path / name, clock).close()

    assert plain(schema(tmp_path / "old.db")) == plain(schema(tmp_path / "new.db"))
    after = of_file(tmp_path / "old.db")
    for table, (row,) in before.items():
        (kept,) = after[table]
        renamed = RENAMED if table == "outbox" else {}
        assert {renamed.get(column, column): value for column, value in row.items()}.items() <= kept.items()


def test_step_that_fails_changes_nothing(tmp_path: Path, clock: Clock) -> None:
    """A store that a step cannot upgrade is refused, and as it was before the step."""
    path = make_store(tmp_path / "bot.db", 1, "gestern")
    before = (schema(path), of_file(path))

    with pytest.raises(StoreError, match=r"requests\.created"):
        SqliteDatabase(path, clock)

    assert (schema(path), of_file(path)) == before
