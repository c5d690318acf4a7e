"""The store for several processes: what the Store protocol says, over PostgreSQL."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection

import psycopg

from bot.errors import StoreError
from bot.store.postgres.advisory_locks import Session, key
from bot.store.postgres.connection import PATIENCE, PooledRows
from bot.store.protocol import SENDING, Claimed
from bot.store.sql.base import Sql
from bot.store.sql.store import SqlStore

log = logging.getLogger(__name__)
TENANT = "main"
CHANNEL = "gw_outbox"
LISTEN_AGAIN = 5.0  # seconds until a lost connection to listen is made anew; the queue is looked at meanwhile too


class PostgresStore(PooledRows, SqlStore):
    """The Store protocol over PostgreSQL. ``tenant`` names the bot whose data these are; no other's are in reach."""

    def __init__(
        self, url: str, clock: Callable[[], float], tenant: str = TENANT, patience: float = PATIENCE
    ) -> None:
        """Connect and bring the schema up to date; raises StoreError where that fails."""
        super().__init__(url, clock, tenant, patience)
        self.address += "" if tenant == TENANT else f" ({tenant})"
        self._session = Session(self._beside)
        self._whose = f"{self._place}\n{tenant}\n"
        self._name = self._whose + secrets.token_hex(8)

    def close(self) -> None:
        """Let go of the database, the chats in hand and the duties; later calls raise StoreError."""
        super().close()
        self._session.close()

    def claim(self, chat: str, without: Collection[int]) -> Claimed | None:
        number = self._chat(chat)
        with self._errors("used"):
            while self._session.take(number):
                try:
                    claimed = super().claim(chat, without)
                except StoreError:
                    self._session.give(number)
                    raise
                if claimed is not None:
                    return claimed
                if not self.release(chat, without):
                    break
        return None

    def release(self, chat: str, without: Collection[int]) -> bool:
        with self._errors("used"):
            self._session.give(self._chat(chat))
        # looked at when others can take it, so that what came meanwhile is not forgotten
        return super().release(chat, without)

    def lead(self, duty: str = SENDING) -> int:
        with self._errors("used"):
            return self._session.lead(key(self._place, self._tenant, duty))

    async def listen(
        self, heard: Callable[[], None], pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    heard()  # what came before anybody listened
                    async for note in connection.notifies():
                        if note.payload.startswith(self._whose) and note.payload != self._name:
                            heard()
            except psycopg.OperationalError as error:
                log.warning("what other processes queue is not heard of for now: %s", type(error).__name__)
            await pause(LISTEN_AGAIN)

    def _queued(self, db: Sql) -> None:
        db.execute("SELECT pg_notify(?, ?)", (CHANNEL, self._name))

    def _number_on(self, db: Sql, table: str) -> None:
        highest = f"SELECT max(id) FROM {table}"  # noqa: S608 - our own names
        numbers = "pg_get_serial_sequence(?, 'id')"
        db.execute(f"SELECT setval({numbers}, greatest(({highest}), nextval({numbers})))", (table, table))

    def _chat(self, chat: str) -> int:
        return key(self._place, self._tenant, "chat", chat)
