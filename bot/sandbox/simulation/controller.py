"""What concerns the whole stage: time, saving and loading, beginning anew, stories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.sandbox.simulation import snapshot
from bot.sandbox.simulation.actions import Refused
from bot.sandbox.simulation.bot_runner import BotTask, Run
from bot.sandbox.simulation.snapshot import Kept
from bot.sandbox.simulation.stage import Stage
from bot.sandbox.simulation.stories import Story, read_stories
from bot.sandbox.simulation.story_player import Player

Json = dict[str, Any]

MOST_HOURS = 24 * 366.0


class Director:
    """Directs the stage and the bot. ``database`` is the bot's store, ``nudge`` has the bot look at the time."""

    def __init__(self, stage: Stage, run: Run, database: Path, nudge: asyncio.Event) -> None:
        self.stage, self.database, self.nudge = stage, database, nudge
        self.bot = BotTask(run, self._bot_changed)
        self.player = Player(stage, self.ahead)
        self.stories: tuple[Story, ...] = read_stories()
        self._one = asyncio.Lock()
        self._first = snapshot.saved(stage, database) | {"store": ""}

    def _bot_changed(self) -> None:
        self.stage.bot_changed(self.bot.running)

    def ahead(self, hours: float) -> None:
        """Set the bot's clock forward."""
        if not 0 <= hours <= MOST_HOURS:
            raise Refused("Die Uhr geht nur vorwärts, höchstens um ein Jahr.")
        with self.stage.changing():
            self.stage.ahead += hours * 3600
        self.nudge.set()

    async def save(self) -> Json:
        """The whole state."""
        async with self._one, self._paused():
            return await asyncio.to_thread(snapshot.saved, self.stage, self.database)

    async def load(self, data: object) -> None:
        """Put a saved state in the place of this one."""
        await self.player.stop()
        await self._put(await asyncio.to_thread(snapshot.read, self.stage, data))

    async def begin_anew(self) -> None:
        """Empty chats, and a bot that knows nobody."""
        await self.load(self._first)

    async def play(self, story_id: str, pause: float | None) -> None:
        """Play a story from empty chats on."""
        story = next((one for one in self.stories if one.id == story_id), None)
        if story is None:
            raise Refused("Diese Geschichte gibt es nicht.")
        await self.begin_anew()
        self.player.start(story, pause)

    async def _put(self, kept: Kept) -> None:
        async with self._one, self._paused():
            await asyncio.to_thread(snapshot.put, self.stage, kept, self.database)

    @asynccontextmanager
    async def _paused(self) -> AsyncIterator[None]:
        """Without the bot inside the block."""
        await self.bot.stop()
        try:
            yield
        finally:
            self.bot.start()

    async def restart(self) -> None:
        """Have the bot begin again, with what it reads when it starts."""
        async with self._one:
            await self.bot.restart()

    async def close(self) -> None:
        """End story and bot."""
        await self.player.stop()
        await self.bot.stop()
