"""Create and upgrade the PostgreSQL schema, and verify that row level security separates the tenants."""

from pathlib import Path
from typing import Any

from psycopg import Connection

from bot.errors import StoreError
from bot.store.sql.migrations import find_migrations, list_pending

MIGRATIONS = find_migrations(Path(__file__).parent / "migrations")
_MIGRATION_LOCK = 7_302_611_900_425_311_001  # one number for all tenants, as they share the tables


def prepare_schema(connection: Connection[Any], address: str) -> str:
    """Bring the schema up to date, even if several processes start at once; returns the schema's name.

    Raises StoreError, and changes nothing, if the role bypasses row level security or the schema is newer.
    """
    _check_role(connection)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        for name in _pending_steps(connection, address):
            connection.execute(MIGRATIONS[name].read_bytes())
            connection.execute("INSERT INTO schema_version (name) VALUES (%s)", (name,))
    (schema,) = connection.execute("SELECT current_schema()").fetchone() or ("",)
    return str(schema)


def _check_role(connection: Connection[Any]) -> None:
    role = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
    ).fetchone()
    if role:
        raise StoreError(
            f"The role {role[0]} bypasses row level security, which keeps tenants apart. Create one for "
            "the bot, as that role: CREATE ROLE gwbot LOGIN PASSWORD '…'; CREATE DATABASE gwbot OWNER gwbot; "
            "and name both in GW_DATABASE_URL."
        )


def _pending_steps(connection: Connection[Any], address: str) -> list[str]:
    if connection.execute("SELECT to_regclass('schema_version')").fetchone() == (None,):
        connection.execute(
            "CREATE TABLE schema_version (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
        )
    applied = connection.execute("SELECT name FROM schema_version").fetchall()
    return list_pending(MIGRATIONS, [name for (name,) in applied], address)
