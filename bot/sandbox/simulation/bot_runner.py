"""The bot as a task of the sandbox, which can be stopped and started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

Run = Callable[[asyncio.Event], Awaitable[None]]  # runs the bot until the event is set


class BotTask:
    """Runs the bot in the loop that it is started from. ``changed`` is called when it began or ended."""

    def __init__(self, run: Run, changed: Callable[[], None]) -> None:
        self._run, self._changed = run, changed
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to work."""
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._until_stopped(self._stop))

    async def stop(self) -> None:
        """End as on SIGTERM: what is in hand is finished and written down."""
        self._stop.set()
        if self._task:
            await self._task

    async def restart(self) -> None:
        """End and begin again."""
        await self.stop()
        self.start()

    async def _until_stopped(self, stop: asyncio.Event) -> None:
        self._changed()
        try:
            await self._run(stop)
        except Exception as error:  # the page goes on and shows that the bot does not
            log.exception("the bot ended: %s", type(error).__name__)
        finally:
            self._changed()
