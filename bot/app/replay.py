"""Conversations kept as tests: what a person does turn by turn, and what the bot is expected to decide.

A YAML file with ``lang`` and ``turns``, or JSON lines with a turn each. A turn has ``say`` (a message or a command)
or ``tap`` (the label of a button), and what is expected: ``status``, ``entry`` or ``entries``, and ``shows``, a text
that must occur in what the bot says. A turn without expectations only leads on.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import yaml
from pydantic import Field, SecretStr

from bot.app.bootstrap import BotRuntime, make_dialogue, open_store_from_settings
from bot.domain.event import Event, EventKind
from bot.domain.message import (
    Button,
    EditKeyboard,
    EditMessage,
    Keyboard,
    Message,
    RefreshCard,
    SendMail,
    SendMessage,
    SendWithdrawalMail,
)
from bot.domain.turn import AnswerDecision, State, Turn
from bot.flows.dialogue import Dialogue
from bot.pipeline.api_calls import build_calls, route_to_desks
from bot.settings import Settings
from bot.store import SQLITE_PREFIX, Store
from index.search.live_index import LiveIndex
from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import StrictYaml, invalid, strict_keys
from knowledge.parsing.text_file import read_text_file
from prompts.telegram_html import html_to_plain

LOCAL_USER_ID = 0  # not the id of any Telegram chat
SECONDS_BETWEEN_TURNS = 61  # so that no limit per minute is met
STATUSES = Literal["answered", "clarify", "abstained", "consultation", "smalltalk"]
_Text = Annotated[str, Field(min_length=1)]


@strict_keys
@dataclass(frozen=True, slots=True)
class ReplayTurn:
    """What a person does, and what is expected of the bot; empty values are not compared."""

    say: str = ""
    tap: str = ""
    status: STATUSES | None = None
    entry: str = ""
    entries: tuple[_Text, ...] = ()
    shows: str = ""

    def __post_init__(self) -> None:
        if bool(self.say) == bool(self.tap):
            raise invalid("turn_act")

    @property
    def act(self) -> str:
        """What the person does, in a few words."""
        return f"“{self.say}”" if self.say else f"[{self.tap}]"


@strict_keys
@dataclass(frozen=True, slots=True)
class ReplayFile:
    """A kept conversation; ``lang`` is that of the person's Telegram."""

    turns: Annotated[tuple[ReplayTurn, ...], Field(min_length=1)]
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A turn, counted from 1, that went otherwise than expected, and how."""

    number: int
    act: str
    reasons: tuple[str, ...]


def read_replay(path: Path) -> ReplayFile:
    """Read a kept conversation; raise ContentError with every mistake."""
    if path.suffix != ".jsonl":
        return StrictYaml(path, read_text_file(path)).validate(ReplayFile)
    turns: list[ReplayTurn] = []
    problems: list[Problem] = []
    for number, line in enumerate(read_text_file(path).splitlines(), start=1):
        try:
            turns += [StrictYaml(path, line, first_line=number).validate(ReplayTurn)] if line.strip() else []
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError(problems)
    return ReplayFile(tuple(turns))


def format_replay(lang: str, turns: list[ReplayTurn]) -> str:
    """Return the text of the YAML file for a conversation."""
    names = ("say", "tap", "status", "entry", "entries", "shows")
    rows = [{name: value for name in names if (value := getattr(turn, name))} for turn in turns]
    for row in rows:
        if "entries" in row:
            row["entries"] = list(row["entries"])
    content = {"lang": lang, "turns": rows}
    return "# gwbot replay FILE\n" + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)


def describe_expectation(say: str, tap: str, decisions: list[tuple[str, tuple[str, ...]]]) -> ReplayTurn:
    """Return a turn that expects what was decided: for one question its status and entries, else each entry shown."""
    if len(decisions) == 1:
        status, entries = decisions[0]
        single = entries[0] if len(entries) == 1 else ""
        return ReplayTurn(say, tap, status, single, () if single else entries)  # type: ignore[arg-type]  # a status
    shown = tuple(dict.fromkeys(entry for _, entries in decisions for entry in entries))
    return ReplayTurn(say, tap, entries=shown)


def replay_conversation(
    settings: Settings, live_index: LiveIndex, replay: ReplayFile, on_turn: Callable[[ReplayTurn, Turn], None]
) -> list[Difference]:
    """Have the conversation with a bot without memory, and return where it differs; nothing is sent or kept."""
    clock = itertools.count(time.time(), SECONDS_BETWEEN_TURNS)
    differences = []
    with TemporaryDirectory(prefix="replay-") as folder:
        database_url = SecretStr(f"{SQLITE_PREFIX}{folder}/bot.db")
        settings = settings.model_copy(update={"database_url": database_url, "adviser_chat_id": None})
        with closing(open_store_from_settings(settings)) as store:
            moment = next(clock)
            dialogue = make_dialogue(BotRuntime(settings, live_index, store, clock=lambda: moment))
            state, keyboards = State(), list[Keyboard]()
            for number, expected in enumerate(replay.turns, start=1):
                moment = next(clock)
                event = _make_event(expected, number, replay.lang, keyboards)
                if event is None:
                    differences.append(Difference(number, expected.act, ("there is no such button",)))
                    continue
                turn = take_turn(dialogue, store, state, event)
                state = turn.state
                keyboards += _keyboards_of(turn.messages)
                on_turn(expected, turn)
                if reasons := tuple(_compare_turn(expected, turn)):
                    differences.append(Difference(number, expected.act, reasons))
    return differences


def take_turn(dialogue: Dialogue, store: Store, state: State, event: Event) -> Turn:
    """Run one turn of a conversation that is not on Telegram; what is for others is queued as usual."""
    turn = dialogue.handle(state, event)
    store.inbox.add_updates([(event.update_id, str(event.chat_id), "{}")])
    for_others = [
        message for message in turn.messages if isinstance(message, RefreshCard | SendMail | SendWithdrawalMail)
    ]
    calls = route_to_desks(dialogue, build_calls(for_others, event, dialogue.adviser_chat), turn.effects)
    store.finish_update(event.update_id, event, turn.state, calls, turn.effects)
    return turn


def parse_typed_line(line: str, update_id: int) -> Event:
    """Return the event of a typed message or command."""
    event = Event(update_id, EventKind.TEXT, LOCAL_USER_ID, LOCAL_USER_ID, update_id, text=line)
    if not line.startswith("/"):
        return event
    name, _, arguments = line.removeprefix("/").partition(" ")
    return replace(event, kind=EventKind.COMMAND, command=name, text=arguments)


def shown_messages(messages: tuple[Message, ...]) -> Iterator[SendMessage | EditMessage]:
    """Yield the messages that the person sees, not those to others."""
    for message in messages:
        match message:
            case SendMessage(chat_id=None, to_advisers=False) | EditMessage():
                yield message


def _keyboards_of(messages: tuple[Message, ...]) -> list[Keyboard]:
    shown = [message for message in messages if isinstance(message, EditKeyboard)]
    return [message.keyboard for message in (*shown_messages(messages), *shown) if message.keyboard]


def _make_event(turn: ReplayTurn, update_id: int, lang: str, keyboards: list[Keyboard]) -> Event | None:
    """Return what the person does as an event; None if no keyboard so far has the button to be tapped."""
    if turn.say:
        return replace(parse_typed_line(turn.say, update_id), language_code=lang)
    for keyboard in reversed(keyboards):
        for button in itertools.chain.from_iterable(keyboard):
            if button.label == turn.tap and not button.url:
                return make_tap(button, keyboard, update_id, lang)
    return None


def make_tap(button: Button, keyboard: Keyboard, update_id: int, lang: str = "") -> Event:
    """Return the event of a tapped button."""
    return Event(
        update_id,
        EventKind.BUTTON,
        LOCAL_USER_ID,
        LOCAL_USER_ID,
        update_id,
        text=button.data,
        callback_id=str(update_id),
        language_code=lang,
        keyboard=keyboard,
    )


def _compare_turn(expected: ReplayTurn, turn: Turn) -> Iterator[str]:
    statuses = [decision.status for decision in turn.decisions]
    shown = {entry for decision in turn.decisions for entry in decision.entries}
    if expected.status and statuses != [expected.status]:
        yield f"expected {expected.status}, got {_describe_decisions(turn.decisions)}"
    elif wanted := {entry for entry in (expected.entry, *expected.entries) if entry} - shown:
        yield f"expected {', '.join(sorted(wanted))}, got {_describe_decisions(turn.decisions)}"
    if expected.shows:
        texts = [html_to_plain(message.html) for message in shown_messages(turn.messages)]
        if not any(expected.shows in text for text in texts):
            yield f"“{expected.shows}” is not shown"


def _describe_decisions(decisions: tuple[AnswerDecision, ...]) -> str:
    described = [" ".join((decision.status, *decision.entries)) for decision in decisions]
    return "; ".join(described) or "no decision on a question"
