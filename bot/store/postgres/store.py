"""The store for several processes: what the Store protocol says, over PostgreSQL."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection

import psycopg

from bot.errors import StoreError
from bot.store.postgres.advisory_locks import AdvisoryLocks, lock_number
from bot.store.postgres.connection import WAIT_TIMEOUT, PostgresDatabase
from bot.store.protocol import SENDING_DUTY, ClaimedUpdate
from bot.store.sql.base import Transaction
from bot.store.sql.store import SqlStore

log = logging.getLogger(__name__)
DEFAULT_TENANT = "main"
NOTIFY_CHANNEL = "gw_outbox"
RELISTEN_DELAY = 5.0  # seconds until a lost connection to listen is made anew; the queue is looked at meanwhile too


class PostgresStore(PostgresDatabase, SqlStore):
    """The Store protocol over PostgreSQL. ``tenant`` names the bot whose data these are; no other's are in reach."""

    def __init__(
        self, url: str, clock: Callable[[], float], tenant: str = DEFAULT_TENANT, wait_timeout: float = WAIT_TIMEOUT
    ) -> None:
        """Connect and bring the schema up to date; raises StoreError where that fails."""
        super().__init__(url, clock, tenant, wait_timeout)
        self.address += "" if tenant == DEFAULT_TENANT else f" ({tenant})"
        self._locks = AdvisoryLocks(self._dedicated_connection)
        self._payload_prefix = f"{self._schema}\n{tenant}\n"
        self._own_payload = self._payload_prefix + secrets.token_hex(8)

    def close(self) -> None:
        """Let go of the database, the chats in hand and the duties; later calls raise StoreError."""
        super().close()
        self._locks.close()

    def claim_update(self, chat_key: str, excluded: Collection[int]) -> ClaimedUpdate | None:
        chat_lock = self._chat_lock_number(chat_key)
        with self._translate_errors("used"):
            while self._locks.try_acquire(chat_lock):
                try:
                    claimed = super().claim_update(chat_key, excluded)
                except StoreError:
                    self._locks.release_lock(chat_lock)
                    raise
                if claimed is not None:
                    return claimed
                if not self.release_chat(chat_key, excluded):
                    break
        return None

    def release_chat(self, chat_key: str, excluded: Collection[int]) -> bool:
        with self._translate_errors("used"):
            self._locks.release_lock(self._chat_lock_number(chat_key))
        # looked at when others can take it, so that what came meanwhile is not forgotten
        return super().release_chat(chat_key, excluded)

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        with self._translate_errors("used"):
            return self._locks.acquire_term(lock_number(self._schema, self._tenant, duty))

    async def listen_for_calls(
        self, on_queued: Callable[[], None], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {NOTIFY_CHANNEL}".encode())
                    on_queued()  # what came before anybody listened
                    async for notification in connection.notifies():
                        if (
                            notification.payload.startswith(self._payload_prefix)
                            and notification.payload != self._own_payload
                        ):
                            on_queued()
            except psycopg.OperationalError as error:
                log.warning("what other processes queue is not heard of for now: %s", type(error).__name__)
            await sleep(RELISTEN_DELAY)

    def _notify_queued(self, db: Transaction) -> None:
        db.execute("SELECT pg_notify(?, ?)", (NOTIFY_CHANNEL, self._own_payload))

    def _advance_ids(self, db: Transaction, table: str) -> None:
        highest = f"SELECT max(id) FROM {table}"  # noqa: S608 - our own names
        numbers = "pg_get_serial_sequence(?, 'id')"
        db.execute(f"SELECT setval({numbers}, greatest(({highest}), nextval({numbers})))", (table, table))

    def _chat_lock_number(self, chat_key: str) -> int:
        return lock_number(self._schema, self._tenant, "chat", chat_key)
