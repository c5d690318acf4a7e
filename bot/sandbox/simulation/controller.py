"""Control the simulation as a whole: clock, saving and loading, reset, stories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.simulation import snapshot
from bot.sandbox.simulation.actions import ActionRefused
from bot.sandbox.simulation.bot_runner import BotRunner, RunBot
from bot.sandbox.simulation.snapshot import Snapshot
from bot.sandbox.simulation.state import SimulationState
from bot.sandbox.simulation.stories import Story, read_stories
from bot.sandbox.simulation.story_player import StoryPlayer

MAX_CLOCK_HOURS = 24 * 366.0


class Controller:
    """Controls simulation and bot; ``database`` is the bot's store, ``wake_scheduler`` has it look at the clock."""

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
        """Return the whole state as JSON; the bot is paused meanwhile."""
        async with self._lock, self._bot_paused():
            return await asyncio.to_thread(snapshot.take_snapshot, self.simulation, self.database)

    async def load_snapshot(self, data: object) -> None:
        """Replace the state by a saved one; raises ActionRefused if it is invalid."""
        await self.story_player.stop()
        await self._restore_snapshot(await asyncio.to_thread(snapshot.parse_snapshot, self.simulation, data))

    async def reset_simulation(self) -> None:
        """Return to empty chats and a bot without a memory."""
        await self.load_snapshot(self._initial_state)

    async def play_story(self, story_id: str, pause: float | None) -> None:
        """Reset, then play a story; ``pause`` is in seconds after each step, None for reading speed."""
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
        """Stop the bot inside the block."""
        await self.bot_runner.stop()
        try:
            yield
        finally:
            self.bot_runner.start()

    async def restart_bot(self) -> None:
        """Restart the bot, so that it rereads what it reads only at startup."""
        async with self._lock:
            await self.bot_runner.restart()

    async def close(self) -> None:
        """Stop story and bot."""
        await self.story_player.stop()
        await self.bot_runner.stop()
