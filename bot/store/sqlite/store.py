"""The embedded store: what the Store protocol says, over SQLite."""

import asyncio
from collections.abc import Callable

from bot.store.protocol import SENDING
from bot.store.sql.store import SqlStore
from bot.store.sqlite.connection import Connection


class SqliteStore(Connection, SqlStore):
    """The Store protocol over SQLite. One process has it, which therefore leads and is told by nobody else."""

    def lead(self, duty: str = SENDING) -> int:
        return 1

    async def listen(self, heard: Callable[[], None]) -> None:
        await asyncio.Event().wait()
