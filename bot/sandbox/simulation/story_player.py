"""Play a story step by step at reading speed, each step once the bot has answered the previous one."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bot.sandbox.fake_telegram import User
from bot.sandbox.simulation import actions
from bot.sandbox.simulation.action_models import SendMediaAction
from bot.sandbox.simulation.actions import ActionRefused
from bot.sandbox.simulation.state import SimulationState, StoryStep
from bot.sandbox.simulation.stories import GROUP_KEY, ScriptedStep, Story

T = TypeVar("T")
log = logging.getLogger(__name__)

READING_SPEED = 22.0  # characters per second
MIN_STEP_SECONDS, MAX_STEP_SECONDS = 2.0, 9.0
QUICK_STEP_SECONDS = 0.9  # before a step without a caption
ANSWER_TIMEOUT = 15.0  # seconds for the bot to answer


class StoryPlayer:
    """Plays one story at a time; ``advance_clock`` sets the bot's clock forward by hours."""

    def __init__(self, simulation: SimulationState, advance_clock: Callable[[float], None]) -> None:
        self._simulation, self._advance_clock = simulation, advance_clock
        self._task: asyncio.Task[None] | None = None
        self._stopped = self._halted = self._goes_on = False
        self._controlled = asyncio.Event()

    def start(self, story: Story, pause: float | None) -> None:
        """Start a story; ``pause`` is in seconds after each step, None for reading speed."""
        self._stopped = self._halted = self._goes_on = False
        self._show_step(story, 1, story.steps[0].caption)
        self._task = asyncio.create_task(self._play_steps(story, pause))

    async def stop(self) -> None:
        """Stop the story; its effects remain."""
        if self._task:
            with self._simulation.changing_state():
                self._stopped = True  # ends the wait in a thread, which cannot be cancelled
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        with self._simulation.changing_state() as panel:
            panel.story_step = None

    def halt(self, *, halted: bool) -> None:
        """Halt the story, or let it go on."""
        self._halted = halted
        with self._simulation.changing_state() as panel:
            if panel.story_step:
                panel.story_step = replace(panel.story_step, halted=halted)
        self._controlled.set()

    def go_to_next(self) -> None:
        """End the pause after this step; a halted story halts again after the next."""
        self._goes_on = True
        self._controlled.set()

    async def _play_steps(self, story: Story, pause: float | None) -> None:
        """Play the steps; if the bot does not answer as expected, the story stays where it is, and is stuck."""
        number, caption = 0, ""
        try:
            await asyncio.to_thread(self._wait_for, self._simulation.is_bot_ready)
            for step in story.steps:
                number, caption = (number + 1, step.caption) if step.caption else (number, caption)
                await self._play_step(story, pause, step, number, caption)
        except (ActionRefused, LookupError, TimeoutError) as error:
            log.error("story %s, step %d: %s", story.id, number, error)
            with self._simulation.changing_state() as panel:
                panel.story_step = StoryStep(story.id, "", max(number, 1), _count_captions(story), stuck=True)
            return
        with self._simulation.changing_state() as panel:
            panel.story_step = None

    async def _play_step(
        self, story: Story, pause: float | None, step: ScriptedStep, number: int, caption: str
    ) -> None:
        self._show_step(story, number, caption, step)
        if step.caption:
            await self._rest(_reading_time(step.caption) / 2 if pause is None else 0)
        elif pause is None:
            await asyncio.sleep(QUICK_STEP_SECONDS)
        since = self._simulation.world.next_change_number()
        self._perform_step(step)
        answer_text = await asyncio.to_thread(self._await_texts, step, since)
        self._show_step(story, number, caption)
        if step.caption:
            await self._rest(_reading_time(answer_text) if pause is None else pause)

    async def _rest(self, seconds: float) -> None:
        """Wait this long, or until the next step is called for; a halted story waits for that only."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self._goes_on and (self._halted or loop.time() < end):
            self._controlled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(None if self._halted else end):
                    await self._controlled.wait()
        self._goes_on = False

    def _show_step(self, story: Story, number: int, caption: str, step: ScriptedStep | None = None) -> None:
        """Show a step, with what is about to happen if it is still to come."""
        shown = StoryStep(story.id, caption, number, _count_captions(story), halted=self._halted)
        with self._simulation.changing_state() as panel:
            if step:
                shown = replace(shown, chat=self._find_chat(step), say=step.say, tap=step.tap)
            elif panel.story_step:
                shown = replace(shown, chat=panel.story_step.chat)
            panel.story_step = shown

    def _find_chat(self, step: ScriptedStep) -> int:
        private = step.at == "private"
        return self._simulation.personas[step.who] if private else self._simulation.adviser_chat_id

    def _perform_step(self, step: ScriptedStep) -> None:
        user = self._find_user(step.who)
        group = None if step.at == "private" else self._simulation.adviser_chat()
        topic = max(group.chat.topics) if group and step.at == "topic" else None
        if step.say:
            user.send_text(step.say, group, topic=topic)
        elif step.tap:
            user.tap_button(step.tap, group)
        elif step.link:
            user.open_deep_link(step.link)
        elif step.send:
            chat = group.id if group else user.id
            action = SendMediaAction(person=user.id, chat=chat, topic=topic, kind=step.send, name="Konzept.pdf")
            actions.send_media(self._simulation, action)
        elif step.hours:
            self._advance_clock(step.hours)

    def _find_user(self, persona: str) -> User:
        return self._simulation.find_user(self._simulation.personas[persona])

    def _await_texts(self, step: ScriptedStep, since: int) -> str:
        """Wait for everything a step expects; return the bot's new texts."""
        texts: list[str] = []
        for chat_key, text in step.expects.items():
            texts += self._wait_for(partial(self._bot_texts, chat_key, text, since)) or []
        return "\n".join(texts)

    def _wait_for(self, condition: Callable[[], T]) -> T | None:
        """Wait for a condition and return its value; None if the story is stopped before."""
        values: list[T | None] = []

        def is_met() -> bool:
            values[:] = [None if self._stopped else condition()]
            return self._stopped or bool(values[0])

        self._simulation.world.wait_for(is_met, ANSWER_TIMEOUT)
        return values[0]

    def _bot_texts(self, chat_key: str, text: str, since: int) -> list[str]:
        """Return the bot's texts in a chat since then, or none if ``text`` is in none of them."""
        chat = self._simulation.adviser_chat_id if chat_key == GROUP_KEY else self._simulation.personas[chat_key]
        messages = [item.to_view() for item in self._simulation.world.chats[chat].messages.values()]
        new_texts = [item.text for item in messages if item.from_bot and item.touched > since]
        return new_texts if any(text in item for item in new_texts) else []


def _count_captions(story: Story) -> int:
    return sum(bool(step.caption) for step in story.steps)


def _reading_time(text: str) -> float:
    """Return the seconds it takes to read a text."""
    return min(max(len(text) / READING_SPEED, MIN_STEP_SECONDS), MAX_STEP_SECONDS)
