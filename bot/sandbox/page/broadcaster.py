"""Notify all listening pages of changes."""

import asyncio
from collections.abc import AsyncIterator

MIN_NOTIFY_INTERVAL = 0.03  # seconds; changes in between are notified once
KEEPALIVE_INTERVAL = 15.0  # seconds; notifies without a change, so that a lost connection is noticed


class Broadcaster:
    """Wakes all watchers; must be created in their event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[asyncio.Event] = set()
        self._closed = False

    def notify_all(self) -> None:
        """Wake all watchers; may be called from any thread."""
        if not self._closed:
            self._loop.call_soon_threadsafe(self._wake_listeners)

    def close(self) -> None:
        """Release all watchers; must be called from the event loop."""
        self._closed = True
        self._wake_listeners()

    def _wake_listeners(self) -> None:
        for listener in self._listeners:
            listener.set()

    async def watch_changes(self) -> AsyncIterator[None]:
        """Yield once at the start, then at each notification."""
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
