"""Helpers that wait for log messages of the bot."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Log(logging.Handler):
    """Collects log messages and lets a test wait for one; to be used inside one event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a message; may be called from any thread."""
        self.lines.append(record.getMessage())
        self._loop.call_soon_threadsafe(self._news.set)

    async def until(self, part: str) -> str:
        """Wait for a message that contains this text, and return it."""
        async with asyncio.timeout(60):
            while True:
                self._news.clear()
                for line in self.lines:
                    if part in line:
                        return line
                await self._news.wait()


@contextmanager
def logged() -> Iterator[Log]:
    """Collect what the bot logs inside the block."""
    log, top = Log(), logging.getLogger("bot")
    level = top.level
    top.addHandler(log)
    top.setLevel(logging.INFO)
    try:
        yield log
    finally:
        top.removeHandler(log)
        top.setLevel(level)
