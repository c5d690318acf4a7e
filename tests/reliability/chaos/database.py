"""The PostgreSQL database that several bots share: which of them leads, and how it is disturbed."""

import time
from typing import Any

import psycopg

from bot.store.postgres.advisory_locks import lock_number
from bot.store.records import MAIN_TENANT
from tests.support.postgres import start, stop

LEADER = """
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = %s
"""
ALL, LOCKS = "TRUE", "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
RESTART_TIMEOUT = 30.0  # seconds within which a restarted server must be back


class Database:
    """An empty database in the server of a folder, with a connection of the superuser."""

    def __init__(self, folder: str) -> None:
        self._folder, self._name = folder, "gwbot"
        self._lead = lock_number("public", MAIN_TENANT, "lead")
        with psycopg.connect(f"host={folder} user=postgres", autocommit=True) as connection:
            connection.execute("CREATE ROLE gwbot LOGIN")
            connection.execute("CREATE DATABASE gwbot OWNER gwbot")
        self._connection: psycopg.Connection[Any] | None = None

    def url(self, process: str) -> str:
        """Return the address for a process; PostgreSQL lists its connections under this name."""
        return f"postgresql://gwbot@/{self._name}?host={self._folder}&application_name={process}"

    def leader(self) -> str:
        """Return the name of the process that leads now, or "" if there is none."""
        rows = self._fetch(LEADER, self._lead)
        return str(rows[0][0]) if rows else ""

    def terminate(self, process: str, which: str) -> None:
        """End connections of a process: ALL of them, or those that hold LOCKS."""
        query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND {which}"  # noqa: S608 - our own SQL
        self._fetch(query, process)

    def restart(self, mode: str) -> None:
        """Stop the server, ``fast`` or ``immediate``, and start it again."""
        self.close()
        stop(self._folder, mode)
        start(self._folder)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds, of all tenants."""
        return self._fetch(query)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _fetch(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        deadline = time.monotonic() + RESTART_TIMEOUT
        while True:
            try:
                if self._connection is None:
                    conninfo = f"host={self._folder} user=postgres dbname={self._name}"
                    self._connection = psycopg.connect(conninfo, autocommit=True)
                return self._connection.execute(query.encode(), values).fetchall()
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > deadline:
                    raise
