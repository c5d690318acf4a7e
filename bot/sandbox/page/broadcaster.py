"""Rings when something changed, for everybody who listens."""

import asyncio
from collections.abc import AsyncIterator

PAUSE = 0.03  # seconds between two rings; what changes meanwhile rings once
QUIET = 15.0  # seconds after which it rings although nothing changed, so that a lost listener is noticed


class Bell:
    """Made in the loop that it rings in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[asyncio.Event] = set()
        self._closed = False

    def ring(self) -> None:
        """Something changed; to be called from any thread."""
        if not self._closed:
            self._loop.call_soon_threadsafe(self._ring)

    def close(self) -> None:
        """Let all listeners go; to be called from the loop."""
        self._closed = True
        self._ring()

    def _ring(self) -> None:
        for listener in self._listeners:
            listener.set()

    async def rings(self) -> AsyncIterator[None]:
        """One at once, then one each time that it rings."""
        heard = asyncio.Event()
        self._listeners.add(heard)
        try:
            while not self._closed:
                heard.clear()
                yield
                await _heard(heard)
                await asyncio.sleep(PAUSE)
        finally:
            self._listeners.discard(heard)


async def _heard(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(QUIET):
            await event.wait()
    except TimeoutError:
        return
