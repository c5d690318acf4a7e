"""The PostgreSQL database that several bots share: which of them leads, and what is done to it while they work."""

import time
from typing import Any

import psycopg

from bot.store.postgres.advisory_locks import lock_number
from bot.store.records import MAIN_TENANT
from tests.support.postgres import start, stop

LEADER_QUERY = """
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = %s
"""
ALL_CONNECTIONS = "TRUE"
LOCK_HOLDERS = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
RECONNECT_TIMEOUT = 30.0  # seconds for the server to be back after a restart


class Database:
    """A new, empty database on the server whose socket is in a folder. Queries run as the superuser."""

    def __init__(self, folder: str) -> None:
        self._folder, self._name = folder, "gwbot"
        self._leader_lock = lock_number("public", MAIN_TENANT, "lead")
        with psycopg.connect(f"host={folder} user=postgres", autocommit=True) as connection:
            connection.execute("CREATE ROLE gwbot LOGIN")
            connection.execute("CREATE DATABASE gwbot OWNER gwbot")
        self._connection: psycopg.Connection[Any] | None = None

    def url(self, process: str) -> str:
        """Return the URL with which a process connects; PostgreSQL then knows its connections by this name."""
        return f"postgresql://gwbot@/{self._name}?host={self._folder}&application_name={process}"

    def find_leader(self) -> str:
        """Return the name of the process that leads, which is the one that sends; "" if there is none."""
        rows = self._run_query(LEADER_QUERY, self._leader_lock)
        return str(rows[0][0]) if rows else ""

    def close_connections(self, process: str, which: str) -> None:
        """Make the server close connections of a process: ALL_CONNECTIONS, or only those of LOCK_HOLDERS."""
        query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND {which}"  # noqa: S608 - our own words
        self._run_query(query, process)

    def restart_server(self, mode: str) -> None:
        """Stop the server, in order (``fast``) or as in a crash (``immediate``), and start it again."""
        self.close()
        stop(self._folder, mode)
        start(self._folder)

    def fetch_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, across all tenants."""
        return self._run_query(query)

    def close(self) -> None:
        """Close our own connection; the next query opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run_query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        deadline = time.monotonic() + RECONNECT_TIMEOUT
        while True:
            try:
                if self._connection is None:
                    address = f"host={self._folder} user=postgres dbname={self._name}"
                    self._connection = psycopg.connect(address, autocommit=True)
                return self._connection.execute(query.encode(), values).fetchall()
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > deadline:
                    raise
