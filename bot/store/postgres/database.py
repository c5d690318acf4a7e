"""A PostgreSQL database through psycopg and its pool, for several processes and threads, and one tenant."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolClosed

from bot.errors import StoreError, StoreUnavailable
from bot.store.postgres.advisory_locks import AdvisoryLocks, lock_number
from bot.store.postgres.schema import prepare_schema
from bot.store.records import MAIN_TENANT, SENDING_DUTY
from bot.store.sql.database import Cursor, Database, Transaction

log = logging.getLogger(__name__)
WAIT_TIMEOUT = 10.0  # seconds to wait for a connection, and for another process to finish writing
POOL_SIZE = 8  # a process has two more connections: one for its locks and one to listen
RECONNECT_TIMEOUT = 5.0  # seconds after which the pool gives up; the next call tries again
NOTIFY_CHANNEL = "gw_outbox"
RELISTEN_DELAY = 5.0  # seconds until a lost connection is replaced; until then the queue is polled
# A connection whose other end disappeared silently is closed after a minute. A URL can override this.
_CONNECTION_DEFAULTS = {
    "application_name": "gwbot", "connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10",
    "keepalives_count": "3", "tcp_user_timeout": "60000",
}  # fmt: skip
_SERVER_SETTINGS = {
    "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "60s",
}  # fmt: skip
_TRANSIENT_ERRORS = (psycopg.OperationalError, ReadOnlySqlTransaction, IdleInTransactionSessionTimeout)


class PostgresTransaction:
    """A transaction that accepts the SQL shared with SQLite."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Cursor:
        """Run a statement; each ``?`` in it is bound to one of the values."""
        return self._connection.execute(_to_postgres_sql(sql), _strip_nul(values))


class PostgresDatabase(Database):
    """An open database, in which one tenant's rows are accessible.

    One process of a tenant writes at a time, as with SQLite: transactions are serial, so none fails with a conflict.
    """

    key_prefix = ("tenant",)
    not_in_list = "<> ALL(?)"

    def __init__(
        self, url: str, clock: Callable[[], float], tenant: str = MAIN_TENANT, wait_timeout: float = WAIT_TIMEOUT
    ) -> None:
        """Connect and bring the schema up to date; raises StoreError if that fails.

        ``clock`` returns the Unix time, ``wait_timeout`` is in seconds.
        """
        self.clock, self._tenant, self._wait_timeout = clock, tenant, wait_timeout
        self._conninfo, self.address = _parse_url(url)
        self._pool = ConnectionPool(
            self._conninfo,
            kwargs={"autocommit": True, "prepare_threshold": None},
            configure=self._configure_session,
            min_size=1,
            max_size=POOL_SIZE,
            timeout=wait_timeout,
            reconnect_timeout=RECONNECT_TIMEOUT,
            open=False,
        )
        try:
            with self._connect_directly() as connection:
                self._schema = prepare_schema(connection, self.address)
        except psycopg.Error as error:
            raise StoreError(f"The store {self.address} cannot be opened: {_safe_message(error)}") from None
        self._write_lock = self._lock_number("write")
        self.address += "" if tenant == MAIN_TENANT else f" ({tenant})"
        self._locks = AdvisoryLocks(self._dedicated_connection)
        self._payload_prefix = f"{self._schema}\n{tenant}\n"
        self._own_payload = self._payload_prefix + secrets.token_hex(8)
        self._pool.open()

    def close(self) -> None:
        """Close the pool and release the locks; later calls raise StoreError."""
        self._pool.close()
        self._locks.close()

    def check_writable(self) -> None:
        with self.transaction() as db:
            db.execute("SELECT name FROM schema_version FOR UPDATE")  # locking a row writes to disk

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._translate_errors("used"), self._borrow_connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._write_lock,))
            yield PostgresTransaction(connection)

    def fetch_rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._translate_errors("read"), self._borrow_connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return cursor.execute(_to_postgres_sql(sql), _strip_nul(values)).fetchall()

    @contextmanager
    def _borrow_connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Borrow a connection from the pool. Any error on a lost connection is transient."""
        with self._pool.connection() as connection:
            try:
                yield connection
            except psycopg.Error as error:
                if connection.closed:
                    raise psycopg.OperationalError(_safe_message(error)) from error
                raise

    def list_value(self, values: Collection[int] | Collection[str]) -> object:
        return list(values)

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        with self._translate_errors("used"):
            return self._locks.acquire_term(self._lock_number(duty))

    def try_lock_chat(self, chat_key: str) -> bool:
        with self._translate_errors("used"):
            return self._locks.try_acquire(self._lock_number("chat", chat_key))

    def unlock_chat(self, chat_key: str) -> None:
        with self._translate_errors("used"):
            self._locks.release_lock(self._lock_number("chat", chat_key))

    async def listen_for_calls(
        self, on_queued: Callable[[], None], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {NOTIFY_CHANNEL}".encode())
                    on_queued()  # calls may have been queued before this process listened
                    async for notification in connection.notifies():
                        payload = notification.payload
                        if payload.startswith(self._payload_prefix) and payload != self._own_payload:
                            on_queued()
            except psycopg.OperationalError as error:
                log.warning("not notified of calls that other processes queue, for now: %s", type(error).__name__)
            await sleep(RELISTEN_DELAY)

    def notify_queued(self, db: Transaction) -> None:
        db.execute("SELECT pg_notify(?, ?)", (NOTIFY_CHANNEL, self._own_payload))

    def advance_ids(self, db: Transaction, table: str) -> None:
        highest = f"SELECT max(id) FROM {table}"  # noqa: S608 - our own names
        numbers = "pg_get_serial_sequence(?, 'id')"
        db.execute(f"SELECT setval({numbers}, greatest(({highest}), nextval({numbers})))", (table, table))

    def _lock_number(self, *names: str) -> int:
        return lock_number(self._schema, self._tenant, *names)

    def _dedicated_connection(self) -> psycopg.Connection[Any]:
        if self._pool.closed:
            raise PoolClosed
        return self._connect_directly()

    def _connect_directly(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None)
        self._configure_session(connection)
        return connection

    def _configure_session(self, connection: psycopg.Connection[Any]) -> None:
        settings = _SERVER_SETTINGS | {"gw.tenant": self._tenant, "lock_timeout": f"{self._wait_timeout * 1000:.0f}"}
        set_config_calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
        values = [part for pair in settings.items() for part in pair]
        connection.execute(f"SELECT {set_config_calls}".encode(), values)

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except PoolClosed:
            raise StoreError(f"The store {self.address} is closed.") from None
        except _TRANSIENT_ERRORS as error:
            if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
                self._pool.check()  # the others are probably lost as well
            message = f"The store {self.address} cannot be {action} now: {_safe_message(error)}"
            raise StoreUnavailable(message) from None
        except psycopg.Error as error:
            raise StoreError(f"The store {self.address} cannot be {action}: {_safe_message(error)}") from None


def _to_postgres_sql(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()


def _strip_nul(values: Sequence[object]) -> list[object]:
    """Replace NUL, which PostgreSQL cannot store in text."""
    return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]


def _parse_url(url: str) -> tuple[str, str]:
    """Return the connection string for psycopg, and the address without its password."""
    try:
        options = conninfo_to_dict(url)
        conninfo = make_conninfo("", **(_CONNECTION_DEFAULTS | options))
    except psycopg.Error:  # its message may contain part of the password
        raise StoreError(
            "GW_DATABASE_URL is not an address that PostgreSQL's libpq can read. It looks like "
            "postgresql://user:password@host:5432/database; in user and password %, @, / and : are written %25, %40, "
            "%2F and %3A."
        ) from None
    host, name = (quote(str(options.get(part) or ""), safe="/,:") for part in ("host", "dbname"))
    return conninfo, f"postgresql://{host}/{name}"


def _safe_message(error: psycopg.Error) -> str:
    """Return PostgreSQL's message without the detail, which may quote the values to be written."""
    message = error.diag.message_primary or (str(error).splitlines() or [type(error).__name__])[0]
    return message.strip()
