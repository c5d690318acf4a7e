"""The embedded store: what the Store protocol says, over SQLite."""

import asyncio
from collections.abc import Callable

from bot.store.protocol import SENDING_DUTY
from bot.store.sql.store import SqlStore
from bot.store.sqlite.connection import SqliteDatabase


class SqliteStore(SqliteDatabase, SqlStore):
    """The Store protocol over SQLite. One process has it, which therefore leads and is told by nobody else."""

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        return 1

    async def listen_for_calls(self, on_queued: Callable[[], None]) -> None:
        await asyncio.Event().wait()
