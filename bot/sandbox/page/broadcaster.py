"""Rings when something changed, for everybody who listens."""

import asyncio
from collections.abc import AsyncIterator

MIN_NOTIFY_INTERVAL = 0.03  # seconds between two rings; what changes meanwhile rings once
KEEPALIVE_INTERVAL = 15.0  # seconds after which it rings although nothing changed, so that a lost listener is noticed


class Broadcaster:
    """Made in the loop that it rings in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[asyncio.Event] = set()
        self._closed = False

    def notify_all(self) -> None:
        """Something changed; to be called from any thread."""
        if not self._closed:
            self._loop.call_soon_threadsafe(self._wake_listeners)

    def close(self) -> None:
        """Let all listeners go; to be called from the loop."""
        self._closed = True
        self._wake_listeners()

    def _wake_listeners(self) -> None:
        for listener in self._listeners:
            listener.set()

    async def watch_changes(self) -> AsyncIterator[None]:
        """One at once, then one each time that it rings."""
        changed = asyncio.Event()
        self._listeners.add(changed)
        try:
            while not self._closed:
                changed.clear()
                yield
                await _wait_for_change(changed)
                await asyncio.sleep(MIN_NOTIFY_INTERVAL)
        finally:
            self._listeners.discard(changed)


async def _wait_for_change(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(KEEPALIVE_INTERVAL):
            await event.wait()
    except TimeoutError:
        return
