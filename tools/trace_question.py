"""Trace one question through the running bot: `python -m tools.trace_question ["QUESTION"] [--files] [--walk]`.

Runs the real bot in this process, with the prepared encoder and index (GW_DATA_DIR) and an empty SQLite store,
against the fake Bot API. After a warm-up question, one question is traced from update to answer:

* "handling" covers the function that handles an update;
* "sending" covers the function that makes the queued call, including the rate limiter that the client of the Bot API
  calls back.

The loops around them (polling, inbox, outbox, scheduler, metrics) belong to neither.

A file is entered when one of its functions is called. A move is a call from a function in one room to a function in
another, as `CallTracer` defines callers; returning is not a move. Rooms are counted at three levels:

* rooms: the first folder below bot/ (bot/flows); index/, knowledge/ and prompts/ are one room each;
* rooms of two levels: the first two folders (bot/flows, index/search);
* folders: all folders (bot/flows/relay).

At every level a module directly in bot/ is a separate room. A store read is a SELECT that the store executes
outside of a writing transaction; those inside one are counted separately.

Calls are recorded by sys.setprofile, which serves every supported version of Python; sys.monitoring needs 3.12.
"""

import argparse
import asyncio
import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Any

from pydantic import SecretStr

from bot.app.bootstrap import BotRuntime, open_store_from_settings, run_bot
from bot.app.index_loader import open_index
from bot.pipeline.update_handler import UpdateHandler
from bot.sandbox.fake_telegram import FakeTelegram
from bot.settings import Settings
from bot.telegram.delivery import Delivery
from tools import PROJECT_ROOT

PHASES: Mapping[str, Callable[..., Any]] = {"handling": UpdateHandler.handle_update, "sending": Delivery.__call__}
PACKAGES = ("bot", "index", "knowledge", "prompts")
QUESTION = "Was ist Collective Impact?"
WARM_UP_QUESTION = "Wer steht hinter Gemeinsam Wirken?"
ANSWER_TIMEOUT = 60.0  # seconds
SETTLE_TIME = 1.5  # seconds after an answer; by then everything is stored, and the chat's rate limit is over
_TO_THREAD = asyncio.to_thread.__code__
_INSIDE_COMPREHENSION = re.compile(r"\.<locals>\.<(?!lambda)\w+>")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the program: its file relative to the root, and its qualified name."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.py').replace('/', '.')}.{self.name}"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function within a phase. ``caller`` is None for the function that the phase begins with."""

    phase: str
    caller: Function | None
    callee: Function


@dataclass(frozen=True, slots=True)
class _Handover:
    """The function that handed work to another thread, its phase, and the thread that it ran in itself."""

    phase: str
    function: Function
    thread: int


_HANDOVER: ContextVar[_Handover | None] = ContextVar("handover", default=None)  # asyncio.to_thread copies the context


class CallTracer:
    """Records calls and SQL while ``recording`` is true.

    The caller of a function is the nearest function of the program on the stack. Work that `asyncio.to_thread` runs
    in another thread is called by the function that passed it on; other threads, and tasks, are not followed. A
    generator or coroutine is called when it first runs, and not again when it is resumed. Comprehensions and
    generator expressions are part of the function around them.

    Attributes:
        calls: what was called, in order.
        statements: phase and text of the SQL that was executed, in order.
    """

    def __init__(self, root: Path, packages: Iterable[str], phases: Mapping[str, Callable[..., Any]]) -> None:
        """Prepare to record the functions of some packages.

        Args:
            root: folder above the packages.
            packages: names of the top-level packages.
            phases: for each phase the function that it consists of; what runs outside of these is not recorded.
        """
        self.recording = False
        self.calls: list[Call] = []
        self.statements: list[tuple[str, str]] = []
        self._root = f"{root}/"
        self._packages = tuple(f"{package}/" for package in packages)
        self._phases = {function.__code__: phase for phase, function in phases.items()}
        self._functions: dict[CodeType, Function | None] = {}
        self._entered: set[FrameType] = set()  # a resumed generator has the same frame

    def install(self) -> None:
        """Trace this thread and all threads that are started from now on."""
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def uninstall(self) -> None:
        """Stop recording, and trace neither this thread nor new ones."""
        self.recording = False
        sys.setprofile(None)
        threading.setprofile(None)
        self._entered.clear()

    def record_statement(self, sql: str) -> None:
        """Record a statement if it is executed within a phase; a callback for `sqlite3` connections."""
        if self.recording and (place := self._locate(sys._getframe(1))):
            self.statements.append((place[0], sql))

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        if not self.recording or event != "call":
            return
        code = frame.f_code
        if code is _TO_THREAD:
            place = self._locate(frame.f_back)
            _HANDOVER.set(_Handover(*place, threading.get_ident()) if place else None)
        elif (callee := self._find_function(code)) and not _is_comprehension(code) and frame not in self._entered:
            self._entered.add(frame)
            if phase := self._phases.get(code):
                self.calls.append(Call(phase, None, callee))
            elif place := self._locate(frame.f_back):
                self.calls.append(Call(place[0], place[1], callee))

    def _locate(self, frame: FrameType | None) -> tuple[str, Function] | None:
        """Return the phase of a frame and the nearest function of the program; None outside of all phases."""
        nearest: Function | None = None
        while frame is not None:
            nearest = nearest or self._find_function(frame.f_code)
            if nearest and (phase := self._phases.get(frame.f_code)):
                return phase, nearest
            frame = frame.f_back
        handover = _HANDOVER.get()
        if handover is None or handover.thread == threading.get_ident():  # still the same task
            return None
        return handover.phase, nearest or handover.function

    def _find_function(self, code: CodeType) -> Function | None:
        if code not in self._functions:
            file = code.co_filename.removeprefix(self._root)
            is_ours = file.startswith(self._packages) and file.endswith(".py")
            name = _INSIDE_COMPREHENSION.sub("", code.co_qualname)
            self._functions[code] = Function(file, name) if is_ours else None
        return self._functions[code]


def _is_comprehension(code: CodeType) -> bool:
    return code.co_name.startswith("<") and code.co_name != "<lambda>"


class Level(StrEnum):
    """How finely to divide the program into rooms."""

    ROOMS = "rooms"
    TWO_LEVELS = "rooms of two levels"
    FOLDERS = "folders"


def room_of(file: str, level: Level = Level.ROOMS) -> str:
    """Return the room of a file, given its path relative to the root of the repository."""
    path = PurePosixPath(file)
    folders = path.parent.parts
    if folders == ("bot",):
        return f"bot/{path.stem}"
    if level is Level.FOLDERS:
        return "/".join(folders)
    return "/".join(folders[:2] if level is Level.TWO_LEVELS or folders[0] == "bot" else folders[:1])


def is_move(call: Call, level: Level = Level.ROOMS) -> bool:
    """Return whether a call leads from one room into another."""
    return call.caller is not None and room_of(call.caller.file, level) != room_of(call.callee.file, level)


def count_reads(statements: Iterable[str]) -> tuple[int, int]:
    """Count the SELECT statements outside of writing transactions, and those inside one.

    Args:
        statements: SQL in order of execution. BEGIN opens a writing transaction, SAVEPOINT does not. WITH counts as
            SELECT.
    """
    outside = inside = 0
    is_writing = False
    for statement in statements:
        match statement.split(maxsplit=1)[0].upper():
            case "BEGIN":
                is_writing = True
            case "COMMIT" | "ROLLBACK":
                is_writing = False
            case "SELECT" | "WITH":
                outside, inside = outside + (not is_writing), inside + is_writing
    return outside, inside


def watch_connections(folder: Path) -> list[sqlite3.Connection]:
    """Return a list to which each SQLite connection to a file in ``folder`` is added when it is opened.

    This adds an audit hook, which stays until the process ends.
    """
    connections: list[sqlite3.Connection] = []
    opening = threading.local()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect":
            opening.database = str(arguments[0])
        elif event == "sqlite3.connect/handle" and str(folder) in opening.database:
            connections.append(arguments[0])

    sys.addaudithook(hook)
    return connections


async def trace_question(question: str) -> CallTracer:
    """Ask the bot a question and return the tracer; raises TimeoutError if no answer comes."""
    tracer = CallTracer(PROJECT_ROOT, PACKAGES, PHASES)
    with TemporaryDirectory() as folder, FakeTelegram() as telegram:
        person = telegram.add_user("Ada", language_code="de", started=True)
        advisers = telegram.add_group("Beratung", [telegram.add_user("Bea")], forum=True, bot_is_admin=True)
        settings = Settings().model_copy(
            update={
                "telegram_token": SecretStr(telegram.token),
                "telegram_api_url": telegram.url,
                "webhook_url": None,
                "database_url": SecretStr(f"sqlite:///{folder}/bot.db"),
                "adviser_chat_id": advisers.id,
                "smtp_url": None,
            }
        )
        live, connections = open_index(settings), watch_connections(Path(folder))
        with closing(open_store_from_settings(settings)) as store:
            stop = asyncio.Event()
            tracer.install()
            running = asyncio.create_task(run_bot(BotRuntime(settings, live, store), stop))
            try:
                for text in (WARM_UP_QUESTION, question):
                    person.send_text(text)
                    await person.wait_for_reply(timeout=ANSWER_TIMEOUT)
                    await asyncio.sleep(SETTLE_TIME)
                    for connection in connections:
                        connection.set_trace_callback(tracer.record_statement)
                    tracer.recording = True
            finally:
                tracer.uninstall()
                stop.set()
                await running
    return tracer


def format_report(tracer: CallTracer) -> str:
    """Return a table of the figures of each phase and in total, and the list of rooms."""
    columns = {**{phase: (phase,) for phase in PHASES}, "together": tuple(PHASES)}
    rows: dict[str, list[int]] = {}
    for phases in columns.values():
        calls = [call for call in tracer.calls if call.phase in phases]
        files = {call.callee.file for call in calls}
        outside, inside = count_reads(sql for phase, sql in tracer.statements if phase in phases)
        figures = {"files": len(files), "store reads": outside, "store reads while writing": inside}
        for level in Level:
            figures[level.value] = len({room_of(file, level) for file in files})
            figures[f"moves between {level.value}"] = sum(is_move(call, level) for call in calls)
        for name, value in figures.items():
            rows.setdefault(name, []).append(value)
    lines = [f"{'':34}{''.join(f'{heading:>10}' for heading in columns)}"]
    lines += [f"{name:34}{''.join(f'{value:10}' for value in values)}" for name, values in rows.items()]
    rooms = sorted({room_of(call.callee.file) for call in tracer.calls})
    return "\n".join((*lines, "", f"Rooms: {', '.join(rooms)}"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Trace a question and print the report."""
    parser = argparse.ArgumentParser(prog="python -m tools.trace_question", description="Trace one question.")
    parser.add_argument("question", nargs="?", default=QUESTION)
    parser.add_argument("--files", action="store_true", help="also list the files entered")
    parser.add_argument("--walk", action="store_true", help="also list the moves between rooms, in order")
    options = parser.parse_args(arguments)
    tracer = asyncio.run(trace_question(options.question))
    print(f"Question: {options.question}\n\n{format_report(tracer)}")
    files = sorted({call.callee.file for call in tracer.calls})
    moves = [f"{call.caller} -> {call.callee}" for call in tracer.calls if is_move(call)]
    for heading, lines in (("Files", files if options.files else ()), ("Walk", moves if options.walk else ())):
        if lines:
            print("\n  ".join((f"\n{heading}:", *lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
