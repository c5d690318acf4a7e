"""Run the bot as a task of the sandbox that can be stopped and restarted."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

RunBot = Callable[[asyncio.Event], Awaitable[None]]  # runs the bot until the event is set


class BotRunner:
    """Runs the bot in the loop it is started from; ``on_change`` is called when it starts and ends."""

    def __init__(self, run: RunBot, on_change: Callable[[], None]) -> None:
        self._run, self._on_change = run, on_change
        self._stop_event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the bot is running."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Start the bot."""
        self._stop_event = asyncio.Event()
        self._task = asyncio.create_task(self._run_until_stopped(self._stop_event))

    async def stop(self) -> None:
        """Stop the bot as SIGTERM does: work in progress is finished and stored."""
        self._stop_event.set()
        if self._task:
            await self._task

    async def restart(self) -> None:
        """Stop and start the bot."""
        await self.stop()
        self.start()

    async def _run_until_stopped(self, stop: asyncio.Event) -> None:
        self._on_change()
        try:
            await self._run(stop)
        except Exception as error:  # the page stays up and shows that the bot is down
            log.exception("the bot crashed: %s", type(error).__name__)
        finally:
            self._on_change()
