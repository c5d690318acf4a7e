"""Walks through the bot's buttons as a curious person: nothing but the beginning and the area is written down.

A walker sees what its last tap brought and the message that it tapped. There it looks for buttons, and for links to
the bot, that it has not tried yet; where all were tried it goes the shortest way that it knows to one that was not.
What it finds wrong it writes down in words.
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

TEXT, CAPTION, DATA, TOAST = 4096, 1024, 64, 200  # Bot API: UTF-16 units, bytes of callback data
LINK = "?start="
FAR = 1_000_000  # steps to a place to which no way is known
MOST = 12  # steps for each thing to be tried; whoever needs more is going round in circles


@dataclass
class Walker:
    """One person's walk.

    Attributes:
        pause: lets the time pass that a person takes to read what a tap has brought.
        store: the bot's file, in which is written what it has yet to send.
        begin: what is typed to begin, and where there is no way on.
        inside: how the data of the area's buttons begin. One of another area is tapped, and not followed further.
        elsewhere: what was tried outside of the area; may be shared by several walkers.
        apart: buttons that belong to another walk.
    """

    fake_telegram: FakeTelegram
    store: Path
    person: User
    begin: str
    lang: str
    inside: tuple[str, ...]
    pause: Callable[[], None]
    elsewhere: set[str] = field(default_factory=set)
    apart: frozenset[str] = frozenset()
    tried: set[str] = field(default_factory=set)
    met: list[MessageView] = field(default_factory=list)  # every message as it looked
    problems: list[str] = field(default_factory=list)
    _leads: dict[str, frozenset[str]] = field(default_factory=dict)  # what was to be seen after each
    _outside: set[int] = field(default_factory=set)  # messages that another area brought
    _messages: list[MessageView] = field(default_factory=list)  # all of the bot's, as they look now
    _since: int = 0
    _tapped: int | None = None

    async def walk(self) -> None:
        """Try all there is to try, or write down what cannot be reached."""
        steps, lost = 0, False
        await self.send_text(self.begin)
        while waiting := {name for name in self._seen() if self._is_new(name)}:
            steps += 1
            ways = [(self._way(target), message, target) for message, target in self._shown()]
            way, message, target = min(ways, default=(FAR, None, ""), key=lambda one: one[0])
            if message and way < FAR and steps < MOST * len(self._seen()):
                lost = False
                await self.tries(message, target)
            elif lost or steps >= MOST * len(self._seen()):
                self.problems.append(f"no way to {sorted(waiting)}")
                return
            else:
                lost = True
                await self.send_text(self.begin)

    async def send_text(self, text: str) -> None:
        """Type something and look at what comes."""
        said = self.person.send_text(text)
        reply = await self.person.wait_for_reply(said)
        self._messages = self.person.bot_messages()
        self._look(text, said.touched, [reply])

    async def tries(self, message: MessageView, target: str) -> None:
        """Tap the button, or follow the link, and look at what it brings."""
        name = _name(target)
        self.pause()
        self.tried.add(name)
        foreign = not name.startswith(self.inside)
        if foreign:
            self.elsewhere.add(name)
        since = max((seen.touched for seen in self.person.bot_messages()), default=0)
        if target.startswith(LINK):
            await self.person.wait_for_reply(self.person.open_deep_link(target.removeprefix(LINK)))
            toast = ""
        elif (told := await self._answered(message, target)) is None:
            self.problems.append(f"{name}: the tap was never answered")
            return
        else:
            toast = told
        await self._all_sent()  # a tap is answered at once, and may be before what it brings
        self._messages = self.person.bot_messages()
        brought = [seen for seen in self._messages if seen.touched > since]
        self._told(name, toast, brought)
        self._outside -= {one.id for one in brought}
        if foreign:
            self._outside |= {one.id for one in brought}
        self._look(name, since, brought, message.id)

    async def _all_sent(self) -> None:
        """Wait until nothing is left to be sent; the store tells nobody, so it is asked again and again."""
        with closing(sqlite3.connect(self.store)) as file:
            async with asyncio.timeout(60):
                while file.execute("SELECT 1 FROM outbox WHERE status = 'queued' LIMIT 1").fetchone():
                    await asyncio.sleep(0.01)

    async def _answered(self, message: MessageView, target: str) -> str | None:
        """The text of the short answer to a tap, which comes last; None where none came."""
        query = self.person.tap_message_button(message, target)
        try:
            answer = await self.fake_telegram.wait_for(lambda: query.answer)
        except TimeoutError:
            return None
        return str((answer or {}).get("text", ""))

    def _told(self, name: str, toast: str, brought: list[MessageView]) -> None:
        """What stood in the short answer to a tap, beside what it brought."""
        if toast == format_label("gone", self.lang):
            self.problems.append(f"{name}: shown, but no longer counts")
        elif not toast and not brought:
            self.problems.append(f"{name}: nothing happens")
        if utf16_length(toast) > TOAST:
            self.problems.append(f"{name}: toast too long")

    def _look(self, name: str, since: int, brought: list[MessageView], tapped: int | None = None) -> None:
        self._since, self._tapped = since, tapped
        self.met += brought
        for seen in brought:
            self.problems += [f"{name}: {problem}" for problem in _beyond(seen)]
        if not any(seen.buttons or _commands(seen) for seen in self._view()):
            self.problems.append(f"{name}: a dead end, {brought[-1].text[:60] if brought else ''!r}")
        self._leads[name] = frozenset(_name(target) for _, target in self._shown())

    def _view(self) -> list[MessageView]:
        """What is before the person's eyes: the message that was tapped, and what was new since."""
        return [one for one in self._messages if one.touched > self._since or one.id == self._tapped]

    def _shown(self) -> Iterator[tuple[MessageView, str]]:
        """What can be tried in what is seen, the newest first."""
        for message in sorted(self._view(), key=lambda one: -one.touched):
            for target in _targets(message):
                own = _name(target).startswith(self.inside)
                if target not in self.apart and (own or message.id not in self._outside):
                    yield message, target

    def _seen(self) -> set[str]:
        return set().union(*self._leads.values())

    def _is_new(self, name: str) -> bool:
        return name not in self.tried and name not in self.elsewhere

    def _way(self, target: str) -> int:
        """How many steps it takes from here to something new."""
        seen, edge, steps = {_name(target)}, {_name(target)}, 0
        while edge:
            if any(map(self._is_new, edge)):
                return steps
            edge = {after for name in edge for after in self._leads.get(name, ())} - seen
            seen |= edge
            steps += 1
        return FAR


def _name(target: str) -> str:
    """Codes are random: one stands for all, and a button under one code is the same under another."""
    return re.sub(r"\b[A-Z]{10}\b", "CODE", target)


def _targets(message: MessageView) -> Iterator[str]:
    """The data of the buttons, and the links to the bot itself."""
    for button in (button for row in message.buttons for button in row):
        if button.data:
            yield button.data
    for entity in message.entities:
        address = entity.url or entity.text
        if entity.type in ("url", "text_link") and LINK in address:
            yield LINK + address.partition(LINK)[2]


def _commands(message: MessageView) -> list[str]:
    return [entity.text for entity in message.entities if entity.type == "bot_command"]


def _beyond(message: MessageView) -> Iterator[str]:
    """Where a message is over one of Telegram's limits, or says nothing."""
    most = TEXT if message.kind == "text" else CAPTION
    if not message.text.strip():
        yield "says nothing"
    if utf16_length(message.text) > most:
        yield f"{utf16_length(message.text)} of {most} characters"
    for button in (button for row in message.buttons for button in row):
        if len((button.data or "").encode()) > DATA:
            yield f"data of {button.text!r} over {DATA} bytes"
