"""Plays a story: step by step, each after the bot has answered the one before, at reading speed."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bot.sandbox.fake_telegram import Group, User
from bot.sandbox.simulation.stage import Scene, Stage
from bot.sandbox.simulation.stories import GROUP, Step, Story

T = TypeVar("T")
log = logging.getLogger(__name__)

READING = 22.0  # characters a second
LEAST, MOST = 2.0, 9.0  # seconds for one step
PATIENCE = 15.0  # seconds for the bot to answer
SNAG = "Hier stockt die Geschichte: Der Bot hat anders geantwortet als erwartet."


class Player:
    """Plays one story at a time. ``ahead`` sets the bot's clock forward by hours."""

    def __init__(self, stage: Stage, ahead: Callable[[float], None]) -> None:
        self._stage, self._ahead = stage, ahead
        self._task: asyncio.Task[None] | None = None
        self._over = False

    def start(self, story: Story, pause: float | None) -> None:
        """Begin. ``pause`` is in seconds after each step; None takes the time that reading takes."""
        self._over = False
        self._show(story, 1, story.steps[0].caption)
        self._task = asyncio.create_task(self._play(story, pause))

    async def stop(self) -> None:
        """End the story; what it brought about stays."""
        if self._task:
            with self._stage.changing():
                self._over = True  # ends the waiting in a thread, which cannot be cancelled
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        with self._stage.changing() as shown:
            shown.scene = None

    async def _play(self, story: Story, pause: float | None) -> None:
        await asyncio.to_thread(self._wait, self._stage.ready)
        for number, step in enumerate(story.steps, 1):
            self._show(story, number, step.caption)
            await asyncio.sleep(_time(step.caption) / 2 if pause is None else 0)
            since = self._stage.world.touch()
            try:
                self._do(step)
                said = await asyncio.to_thread(self._awaited, step, since)
            except (LookupError, TimeoutError) as error:
                log.error("the story %s, step %d: %s", story.id, number, error)
                self._show(story, number, SNAG)
                return
            await asyncio.sleep(_time(said) if pause is None else pause)
        with self._stage.changing() as shown:
            shown.scene = None

    def _show(self, story: Story, number: int, caption: str) -> None:
        with self._stage.changing() as shown:
            shown.scene = Scene(story.id, caption, number, len(story.steps))

    def _do(self, step: Step) -> None:
        user = self._user(step.who)
        group = None if step.at == "private" else self._stage.advisers()
        topic = max(group.chat.topics) if group and step.at == "topic" else None
        if step.say:
            user.says(step.say, group, topic=topic)
        elif step.tap:
            user.taps(step.tap, group)
        elif step.link:
            user.opens_link(step.link)
        elif step.send:
            _sent(user, step.send, group, topic)
        elif step.hours:
            self._ahead(step.hours)

    def _user(self, who: str) -> User:
        return self._stage.user(self._stage.cast[who])

    def _awaited(self, step: Step, since: int) -> str:
        """Wait for all that a step expects; the texts that came."""
        said: list[str] = []
        for who, text in step.expects.items():
            said += self._wait(partial(self._said, who, text, since)) or []
        return "\n".join(said)

    def _wait(self, condition: Callable[[], T]) -> T | None:
        """Wait for a condition; None where the story ends before."""
        found: list[T | None] = []

        def met() -> bool:
            found[:] = [None if self._over else condition()]
            return self._over or bool(found[0])

        self._stage.world.wait(met, PATIENCE)
        return found[0]

    def _said(self, who: str, text: str, since: int) -> list[str]:
        """All that the bot said in a chat since then; nothing where the text is not among it."""
        chat = self._stage.group if who == GROUP else self._stage.cast[who]
        messages = [one.seen() for one in self._stage.world.chats[chat].messages.values()]
        fresh = [one.text for one in messages if one.from_bot and one.touched > since]
        return fresh if any(text in one for one in fresh) else []


def _sent(user: User, kind: str, group: Group | None, topic: int | None) -> None:
    match kind:
        case "photo":
            user.sends_photo("", group, topic=topic)
        case "document":
            user.sends_document("Konzept.pdf", group, topic=topic)
        case "voice":
            user.sends_voice(group, topic=topic)
        case "contact":
            user.sends_contact(chat=group, topic=topic)
        case "location":
            user.sends_location(group, topic=topic)


def _time(text: str) -> float:
    """Seconds to read a text."""
    return min(max(len(text) / READING, LEAST), MOST)
