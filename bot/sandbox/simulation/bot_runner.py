"""The bot as a task of the sandbox, which can be stopped and started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

RunBot = Callable[[asyncio.Event], Awaitable[None]]  # runs the bot until the event is set


class BotRunner:
    """Runs the bot in the loop that it is started from. ``changed`` is called when it began or ended."""

    def __init__(self, run: RunBot, on_change: Callable[[], None]) -> None:
        self._run, self._on_change = run, on_change
        self._stop_event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to work."""
        self._stop_event = asyncio.Event()
        self._task = asyncio.create_task(self._run_until_stopped(self._stop_event))

    async def stop(self) -> None:
        """End as on SIGTERM: what is in hand is finished and written down."""
        self._stop_event.set()
        if self._task:
            await self._task

    async def restart(self) -> None:
        """End and begin again."""
        await self.stop()
        self.start()

    async def _run_until_stopped(self, stop: asyncio.Event) -> None:
        self._on_change()
        try:
            await self._run(stop)
        except Exception as error:  # the page goes on and shows that the bot does not
            log.exception("the bot ended: %s", type(error).__name__)
        finally:
            self._on_change()
