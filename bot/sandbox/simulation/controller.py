"""Control the simulation as a whole: the bot's task, clock, saving and loading, reset, stories."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.simulation import snapshot
from bot.sandbox.simulation.actions import ActionRefused
from bot.sandbox.simulation.snapshot import Snapshot
from bot.sandbox.simulation.state import SimulationState
from bot.sandbox.simulation.stories import read_stories
from bot.sandbox.simulation.story_player import StoryPlayer

log = logging.getLogger(__name__)

MAX_CLOCK_HOURS = 24 * 366.0
MAX_KEPT_STATES = 5
RunBot = Callable[[asyncio.Event], Awaitable[None]]  # runs the bot until the event is set


class Controller:
    """Controls the simulation, and the bot as a task of the running loop.

    ``database`` is the bot's store, ``wake_scheduler`` has it look at the clock.
    """

    def __init__(
        self, simulation: SimulationState, run: RunBot, database: Path, wake_scheduler: asyncio.Event
    ) -> None:
        self.simulation, self.database, self.wake_scheduler = simulation, database, wake_scheduler
        self._run, self._stop_event = run, asyncio.Event()
        self._bot_task: asyncio.Task[None] | None = None
        self.story_player = StoryPlayer(simulation, self.advance_clock)
        self._lock = asyncio.Lock()
        self._kept_states: deque[tuple[float, Json]] = deque(maxlen=MAX_KEPT_STATES)  # when replaced, and what
        self._initial_state = snapshot.take_snapshot(simulation, database) | {"store": ""}

    def start_bot(self) -> None:
        """Start the bot."""
        self._stop_event = asyncio.Event()
        self._bot_task = asyncio.create_task(self._run_bot(self._stop_event))

    async def _stop_bot(self) -> None:
        """Stop the bot as SIGTERM does: work in progress is finished and stored."""
        self._stop_event.set()
        if self._bot_task:
            await self._bot_task

    async def _run_bot(self, stop: asyncio.Event) -> None:
        self.simulation.set_bot_running(True)
        try:
            await self._run(stop)
        except Exception as error:  # the page stays up and shows that the bot is down
            log.exception("the bot crashed: %s", type(error).__name__)
        finally:
            self.simulation.set_bot_running(False)

    def advance_clock(self, hours: float) -> None:
        """Set the bot's clock forward."""
        if not 0 <= hours <= MAX_CLOCK_HOURS:
            raise ActionRefused(
                "Die Uhr geht nur vorwärts, höchstens um ein Jahr.",
                "The clock only goes forward, by a year at most.",
            )
        with self.simulation.changing_state():
            self.simulation.clock_offset += hours * 3600
        self.wake_scheduler.set()

    async def save_snapshot(self) -> Json:
        """Return the whole state as JSON; the bot is paused meanwhile."""
        async with self._lock, self._bot_paused():
            return await asyncio.to_thread(snapshot.take_snapshot, self.simulation, self.database)

    async def load_snapshot(self, data: object) -> None:
        """Replace the state by a saved one, and keep it for `undo`; raises ActionRefused if it is invalid."""
        await self.story_player.stop()
        saved_state = await asyncio.to_thread(snapshot.parse_snapshot, self.simulation, data)
        async with self._lock, self._bot_paused():
            if not self.simulation.is_untouched():
                kept_state = await asyncio.to_thread(snapshot.take_snapshot, self.simulation, self.database)
                self._kept_states.append((time.time(), kept_state))
            await self._restore_snapshot(saved_state)

    async def undo(self) -> None:
        """Return to the state before the last reset, story or loading."""
        if not self._kept_states:
            raise ActionRefused("Es gibt nichts rückgängig zu machen.", "There is nothing to undo.")
        await self.story_player.stop()
        async with self._lock, self._bot_paused():
            kept_state = self._kept_states.pop()[1]
            await self._restore_snapshot(snapshot.parse_snapshot(self.simulation, kept_state))

    async def reset_simulation(self, lang: str) -> None:
        """Return to empty chats, people of this language, and a bot without a memory."""
        await self.load_snapshot(self._initial_state)
        self.simulation.use_language(lang)

    async def play_story(self, story_id: str, pause: float | None, lang: str) -> None:
        """Reset, then play a story; ``pause`` is in seconds after each step, None for reading speed."""
        story = next((item for item in read_stories(lang) if item.id == story_id), None)
        if story is None:
            raise ActionRefused("Diese Geschichte gibt es nicht.", "There is no such story.")
        await self.reset_simulation(lang)
        self.story_player.start(story, pause)

    async def _restore_snapshot(self, saved_state: Snapshot) -> None:
        await asyncio.to_thread(snapshot.restore_snapshot, self.simulation, saved_state, self.database)
        with self.simulation.changing_state() as panel:
            panel.undo_time = self._kept_states[-1][0] if self._kept_states else None

    @asynccontextmanager
    async def _bot_paused(self) -> AsyncIterator[None]:
        """Stop the bot inside the block."""
        await self._stop_bot()
        try:
            yield
        finally:
            self.start_bot()

    async def restart_bot(self) -> None:
        """Restart the bot, so that it rereads what it reads only at startup."""
        async with self._lock:
            await self._stop_bot()
            self.start_bot()

    async def close(self) -> None:
        """Stop story and bot."""
        await self.story_player.stop()
        await self._stop_bot()
