"""The PostgreSQL that several bots share: who leads, and what is done to it while they work."""

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
PATIENCE = 30.0  # seconds to be back after a restart


class Database:
    """An empty database in the server of a folder. Its own connection is that of the superuser."""

    def __init__(self, folder: str) -> None:
        self._folder, self._name = folder, "gwbot"
        self._lead = lock_number("public", MAIN_TENANT, "lead")
        with psycopg.connect(f"host={folder} user=postgres", autocommit=True) as connection:
            connection.execute("CREATE ROLE gwbot LOGIN")
            connection.execute("CREATE DATABASE gwbot OWNER gwbot")
        self._connection: psycopg.Connection[Any] | None = None

    def url(self, process: str) -> str:
        """The address by which a process connects; PostgreSQL knows it by this name."""
        return f"postgresql://gwbot@/{self._name}?host={self._folder}&application_name={process}"

    def leader(self) -> str:
        """The process that leads now; "" for none."""
        found = self._asked(LEADER, self._lead)
        return str(found[0][0]) if found else ""

    def terminate(self, process: str, which: str) -> None:
        """End connections of a process, ALL of them or those that hold LOCKS."""
        ends = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND {which}"  # noqa: S608 - our own words
        self._asked(ends, process)

    def restart(self, mode: str) -> None:
        """End the server, ``fast`` or ``immediate``, and start it again."""
        self.close()
        stop(self._folder, mode)
        start(self._folder)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds, of all tenants."""
        return self._asked(query)

    def close(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _asked(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                if self._connection is None:
                    place = f"host={self._folder} user=postgres dbname={self._name}"
                    self._connection = psycopg.connect(place, autocommit=True)
                return self._connection.execute(query.encode(), values).fetchall()
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > until:
                    raise
