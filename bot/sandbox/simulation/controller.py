"""What concerns the whole stage: time, saving and loading, beginning anew, stories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.sandbox.simulation import snapshot
from bot.sandbox.simulation.actions import ActionRefused
from bot.sandbox.simulation.bot_runner import BotRunner, RunBot
from bot.sandbox.simulation.snapshot import Snapshot
from bot.sandbox.simulation.stage import SimulationState
from bot.sandbox.simulation.stories import Story, read_stories
from bot.sandbox.simulation.story_player import StoryPlayer

Json = dict[str, Any]

MAX_CLOCK_HOURS = 24 * 366.0


class Controller:
    """Directs the stage and the bot. ``database`` is the bot's store, ``nudge`` has the bot look at the time."""

    def __init__(
        self, simulation: SimulationState, run: RunBot, database: Path, wake_scheduler: asyncio.Event
    ) -> None:
        self.simulation, self.database, self.wake_scheduler = simulation, database, wake_scheduler
        self.bot_runner = BotRunner(run, self._on_bot_change)
        self.story_player = StoryPlayer(simulation, self.advance_clock)
        self.stories: tuple[Story, ...] = read_stories()
        self._lock = asyncio.Lock()
        self._initial_state = snapshot.take_snapshot(simulation, database) | {"store": ""}

    def _on_bot_change(self) -> None:
        self.simulation.set_bot_running(self.bot_runner.is_running)

    def advance_clock(self, hours: float) -> None:
        """Set the bot's clock forward."""
        if not 0 <= hours <= MAX_CLOCK_HOURS:
            raise ActionRefused("Die Uhr geht nur vorwärts, höchstens um ein Jahr.")
        with self.simulation.changing_state():
            self.simulation.clock_offset += hours * 3600
        self.wake_scheduler.set()

    async def save_snapshot(self) -> Json:
        """The whole state."""
        async with self._lock, self._bot_paused():
            return await asyncio.to_thread(snapshot.take_snapshot, self.simulation, self.database)

    async def load_snapshot(self, data: object) -> None:
        """Put a saved state in the place of this one."""
        await self.story_player.stop()
        await self._restore_snapshot(await asyncio.to_thread(snapshot.parse_snapshot, self.simulation, data))

    async def reset_simulation(self) -> None:
        """Empty chats, and a bot that knows nobody."""
        await self.load_snapshot(self._initial_state)

    async def play_story(self, story_id: str, pause: float | None) -> None:
        """Play a story from empty chats on."""
        story = next((item for item in self.stories if item.id == story_id), None)
        if story is None:
            raise ActionRefused("Diese Geschichte gibt es nicht.")
        await self.reset_simulation()
        self.story_player.start(story, pause)

    async def _restore_snapshot(self, saved_state: Snapshot) -> None:
        async with self._lock, self._bot_paused():
            await asyncio.to_thread(snapshot.restore_snapshot, self.simulation, saved_state, self.database)

    @asynccontextmanager
    async def _bot_paused(self) -> AsyncIterator[None]:
        """Without the bot inside the block."""
        await self.bot_runner.stop()
        try:
            yield
        finally:
            self.bot_runner.start()

    async def restart_bot(self) -> None:
        """Have the bot begin again, with what it reads when it starts."""
        async with self._lock:
            await self.bot_runner.restart()

    async def close(self) -> None:
        """End story and bot."""
        await self.story_player.stop()
        await self.bot_runner.stop()
