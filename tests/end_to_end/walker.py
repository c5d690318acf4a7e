"""Walks through the bot's buttons like a curious person: only the start and the area to explore are given.

A walker sees the message that it tapped last and what the tap brought. There it looks for buttons, and for links to
the bot, that it has not tried yet; if all were tried, it takes the shortest known path to one that was not. It
records whatever it finds wrong as text.
"""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram, MessageView, User
from prompts.message_splitter import utf16_length
from prompts.render import format_label

MAX_TEXT, MAX_CAPTION, MAX_DATA, MAX_TOAST = 4096, 1024, 64, 200  # Bot API: UTF-16 units, bytes of callback data
LINK = "?start="
UNREACHABLE = 1_000_000  # steps to a target without a known path
MAX_STEPS_PER_TARGET = 12  # steps for each target to try; a walker that needs more is going round in circles


@dataclass
class Walker:
    """One person's walk.

    Attributes:
        store: the bot's SQLite file, whose outbox shows what is yet to be sent.
        start_text: the text that starts the walk, and restarts it at a dead end.
        area: prefixes of the callback data of the area; any other button is tapped, but not followed further.
        pause: lets the time pass that a person takes to read a reply.
        tried_outside: targets tried outside the area; may be shared by several walkers.
        excluded: buttons that belong to another walk.
    """

    fake_telegram: FakeTelegram
    store: Path
    person: User
    start_text: str
    lang: str
    area: tuple[str, ...]
    pause: Callable[[], None]
    tried_outside: set[str] = field(default_factory=set)
    excluded: frozenset[str] = frozenset()
    tried: set[str] = field(default_factory=set)
    messages: list[MessageView] = field(default_factory=list)  # every message as it was when seen
    problems: list[str] = field(default_factory=list)
    _targets_after: dict[str, frozenset[str]] = field(default_factory=dict)  # the targets visible after each
    _outside: set[int] = field(default_factory=set)  # messages that buttons of another area brought
    _sent: list[MessageView] = field(default_factory=list)  # all of the bot's messages, as they look now
    _since: int = 0
    _tapped: int | None = None

    async def walk(self) -> None:
        """Try everything there is to try, or record what cannot be reached."""
        steps, lost = 0, False
        await self.send_text(self.start_text)
        while untried := {name for name in self._known_targets() if self._is_new(name)}:
            steps += 1
            candidates = [
                (self._steps_to_new(target), message, target) for message, target in self._visible_targets()
            ]
            steps_to_new, message, target = min(
                candidates, default=(UNREACHABLE, None, ""), key=lambda candidate: candidate[0]
            )
            if message and steps_to_new < UNREACHABLE and steps < MAX_STEPS_PER_TARGET * len(self._known_targets()):
                lost = False
                await self.try_target(message, target)
            elif lost or steps >= MAX_STEPS_PER_TARGET * len(self._known_targets()):
                self.problems.append(f"no way to {sorted(untried)}")
                return
            else:
                lost = True
                await self.send_text(self.start_text)

    async def send_text(self, text: str) -> None:
        """Type a text and look at the replies."""
        sent = self.person.send_text(text)
        reply = await self.person.wait_for_reply(sent)
        self._sent = self.person.bot_messages()
        self._record(text, sent.touched, [reply])

    async def try_target(self, message: MessageView, target: str) -> None:
        """Tap the button or follow the link, and look at the replies."""
        name = _name(target)
        self.pause()
        self.tried.add(name)
        foreign = not name.startswith(self.area)
        if foreign:
            self.tried_outside.add(name)
        since = max((seen.touched for seen in self.person.bot_messages()), default=0)
        if target.startswith(LINK):
            await self.person.wait_for_reply(self.person.open_deep_link(target.removeprefix(LINK)))
            toast = ""
        elif (answer := await self._tap(message, target)) is None:
            self.problems.append(f"{name}: the tap was never answered")
            return
        else:
            toast = answer
        await self._all_sent()  # a tap may be answered before its messages are sent
        self._sent = self.person.bot_messages()
        brought = [seen for seen in self._sent if seen.touched > since]
        self._check_toast(name, toast, brought)
        self._outside -= {seen.id for seen in brought}
        if foreign:
            self._outside |= {seen.id for seen in brought}
        self._record(name, since, brought, message.id)

    async def _all_sent(self) -> None:
        """Wait until nothing is left to be sent; the store sends no notifications, so it is polled."""
        with closing(sqlite3.connect(self.store)) as file:
            async with asyncio.timeout(60):
                while file.execute("SELECT 1 FROM outbox WHERE status = 'queued'").fetchone():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    async def _tap(self, message: MessageView, target: str) -> str | None:
        """Tap a button; return the text of the short answer, or None if there was none."""
        query = self.person.tap_message_button(message, target)
        try:
            answer = await self.fake_telegram.wait_for(lambda: query.answer)
        except TimeoutError:
            return None
        return str((answer or {}).get("text", ""))

    def _check_toast(self, name: str, toast: str, brought: list[MessageView]) -> None:
        """Check the short answer to a tap against what the tap brought."""
        if toast == format_label("gone", self.lang):
            self.problems.append(f"{name}: shown, but no longer counts")
        elif not toast and not brought:
            self.problems.append(f"{name}: nothing happens")
        if utf16_length(toast) > MAX_TOAST:
            self.problems.append(f"{name}: toast too long")

    def _record(self, name: str, since: int, brought: list[MessageView], tapped: int | None = None) -> None:
        self._since, self._tapped = since, tapped
        self.messages += brought
        for seen in brought:
            self.problems += [f"{name}: {problem}" for problem in _violations(seen)]
        if not any(seen.buttons or _commands(seen) for seen in self._visible_messages()):
            self.problems.append(f"{name}: a dead end, {brought[-1].text[:60] if brought else ''!r}")
        self._targets_after[name] = frozenset(_name(target) for _, target in self._visible_targets())

    def _visible_messages(self) -> list[MessageView]:
        """Return what the person looks at: the message that was tapped, and what is new since."""
        return [seen for seen in self._sent if seen.touched > self._since or seen.id == self._tapped]

    def _visible_targets(self) -> Iterator[tuple[MessageView, str]]:
        """Yield what can be tried in the view, newest message first."""
        for message in sorted(self._visible_messages(), key=lambda seen: -seen.touched):
            for target in _targets(message):
                own = _name(target).startswith(self.area)
                if target not in self.excluded and (own or message.id not in self._outside):
                    yield message, target

    def _known_targets(self) -> set[str]:
        return set().union(*self._targets_after.values())

    def _is_new(self, name: str) -> bool:
        return name not in self.tried and name not in self.tried_outside

    def _steps_to_new(self, target: str) -> int:
        """Return how many steps lead from here to something new."""
        seen, edge, steps = {_name(target)}, {_name(target)}, 0
        while edge:
            if any(map(self._is_new, edge)):
                return steps
            edge = {after for name in edge for after in self._targets_after.get(name, ())} - seen
            seen |= edge
            steps += 1
        return UNREACHABLE


def _name(target: str) -> str:
    """Replace codes, which are random: a button is the same under any code."""
    return re.sub(r"\b[A-Z]{10}\b", "CODE", target)


def _targets(message: MessageView) -> Iterator[str]:
    """Yield the data of the buttons and the links to the bot itself."""
    for button in (button for row in message.buttons for button in row):
        if button.data:
            yield button.data
    for entity in message.entities:
        address = entity.url or entity.text
        if entity.type in ("url", "text_link") and LINK in address:
            yield LINK + address.partition(LINK)[2]


def _commands(message: MessageView) -> list[str]:
    return [entity.text for entity in message.entities if entity.type == "bot_command"]


def _violations(message: MessageView) -> Iterator[str]:
    """Yield the limits of Telegram that a message exceeds, or that it is empty."""
    limit = MAX_TEXT if message.kind == "text" else MAX_CAPTION
    if not message.text.strip():
        yield "says nothing"
    if utf16_length(message.text) > limit:
        yield f"{utf16_length(message.text)} of {limit} characters"
    for button in (button for row in message.buttons for button in row):
        if len((button.data or "").encode()) > MAX_DATA:
            yield f"data of {button.text!r} over {MAX_DATA} bytes"
