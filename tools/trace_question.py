"""Trace one question through the running bot: `python -m tools.trace_question ["QUESTION"] [--files] [--walk]`.

Runs the real bot in this process, with the prepared encoder and index (GW_DATA_DIR) and an empty SQLite store,
against the fake Bot API. After a warm-up question, one question is followed from update to answer:

* "handling" is what happens within the function that handles an update;
* "sending" is what happens within the function that makes the queued call, including the rate limiter that the client
  of the Bot API calls back.

The loops around them (polling, inbox, outbox, scheduler, metrics) belong to neither.

A file is entered when one of its functions is called. A move is a call from a function in one room to a function in
another, as `CallTracer` defines callers; returning is not a move. Rooms are counted at three levels:

* rooms: the first folder below bot/ (bot/flows); index/, knowledge/ and prompts/ are one room each;
* rooms of two levels: the first two folders (bot/flows, index/search);
* folders: all folders (bot/flows/relay).

At every level a module directly in bot/ is a room of its own. A store read is a SELECT that the store executes
outside of a writing transaction; those inside one are counted separately.
"""

import argparse
import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from bot.app.bootstrap import BotRuntime, open_store_from_settings, run_bot
from bot.app.index_loader import open_index
from bot.pipeline.update_handler import UpdateHandler
from bot.sandbox.fake_telegram import FakeTelegram
from bot.settings import Settings
from bot.telegram.delivery import Delivery
from tools import PROJECT_ROOT
from tools.call_tracer import Call, CallTracer

PHASES: Mapping[str, Callable[..., Any]] = {
    "handling": UpdateHandler.handle_update,
    "sending": Delivery.__call__,
}
PACKAGES = ("bot", "index", "knowledge", "prompts")
QUESTION = "Was ist Collective Impact?"
WARM_UP_QUESTION = "Wer steht hinter Gemeinsam Wirken?"
ANSWER_TIMEOUT = 60.0  # seconds
SETTLE_TIME = 1.5  # seconds after an answer; by then everything is written down, and the chat's rate limit is over


class Level(StrEnum):
    """How finely the program is divided into rooms."""

    HOUSE = "rooms"
    TWO_LEVELS = "rooms of two levels"
    FOLDERS = "folders"


def room_of(file: str, level: Level = Level.HOUSE) -> str:
    """Return the room of a file, given its path relative to the root of the repository."""
    path = PurePosixPath(file)
    folders = path.parent.parts
    if folders == ("bot",):
        return f"bot/{path.stem}"
    if level is Level.FOLDERS:
        return "/".join(folders)
    return "/".join(folders[:2] if level is Level.TWO_LEVELS or folders[0] == "bot" else folders[:1])


def is_move(call: Call, level: Level = Level.HOUSE) -> bool:
    """Tell whether a call leads from one room into another."""
    return call.caller is not None and room_of(call.caller.file, level) != room_of(call.callee.file, level)


def count_reads(statements: Iterable[str]) -> tuple[int, int]:
    """Count the SELECT statements outside of writing transactions, and those inside one.

    Args:
        statements: SQL in the order of its execution. BEGIN opens a writing transaction, SAVEPOINT does not. WITH is
            taken for a SELECT.
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
    """Return a list that will hold each SQLite connection to a file in ``folder``, as soon as it is opened.

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
    """Ask the bot a question and return what was recorded; raises TimeoutError if no answer comes."""
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
    """Lay out the figures of each phase and of all together, and name the rooms."""
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
    """Trace a question and print its way."""
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
