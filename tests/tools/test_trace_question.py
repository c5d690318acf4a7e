"""The tracer: rooms, store reads, the real bot, and the calls recorded of a small program with two rooms."""

import asyncio
import importlib
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import PREPARED
from tools.trace_question import (
    Call,
    CallTracer,
    Function,
    Level,
    count_reads,
    is_move,
    main,
    room_of,
    watch_connections,
)


@pytest.mark.parametrize(
    ("file", "room", "two_levels", "folders"),
    [
        ("bot/flows/relay/notices.py", "bot/flows", "bot/flows", "bot/flows/relay"),
        ("bot/store/records.py", "bot/store", "bot/store", "bot/store"),
        ("bot/errors.py", "bot/errors", "bot/errors", "bot/errors"),
        ("index/search/searcher.py", "index", "index/search", "index/search"),
        ("prompts/render.py", "prompts", "prompts", "prompts"),
    ],
)
def test_room_follows_from_the_path(file: str, room: str, two_levels: str, folders: str) -> None:
    """A room is a folder at each level, and a module directly in bot/ is a room by itself."""
    assert room_of(file, Level.ROOMS) == room
    assert room_of(file, Level.TWO_LEVELS) == two_levels
    assert room_of(file, Level.FOLDERS) == folders


def test_only_calls_into_another_room_are_moves() -> None:
    """Neither a call within a room nor the beginning of a phase is a move."""
    searcher, scoring = Function("index/search/searcher.py", "search"), Function("index/text/analyzer.py", "split")

    assert not is_move(Call("handling", None, scoring))
    assert not is_move(Call("handling", searcher, scoring))
    assert is_move(Call("handling", searcher, scoring), Level.TWO_LEVELS)


def test_reads_in_writing_transactions_are_counted_separately() -> None:
    """A SELECT between BEGIN and COMMIT is counted separately; a savepoint around a read changes nothing."""
    statements = [
        'SAVEPOINT "query"',
        "SELECT body FROM states",
        'RELEASE "query"',
        "BEGIN IMMEDIATE",
        "SELECT 1 FROM states",
        "INSERT INTO outbox DEFAULT VALUES",
        "COMMIT",
        "\n  select count(*) FROM outbox",
    ]

    assert count_reads(statements) == (2, 1)


def test_only_connections_to_the_folder_are_watched(tmp_path: Path) -> None:
    """A connection to a database elsewhere is ignored."""
    connections = watch_connections(tmp_path)
    inside, outside = sqlite3.connect(tmp_path / "bot.db"), sqlite3.connect(":memory:")

    assert connections == [inside]

    inside.close()
    outside.close()


def test_question_is_traced_through_the_real_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both phases enter files and the handling reads the store; the walk lists rooms, files and functions."""
    monkeypatch.setenv("GW_DATA_DIR", str(PREPARED))
    monkeypatch.chdir(tmp_path)

    main(["--files", "--walk"])

    printed = capsys.readouterr().out
    figures = {line[:34].strip(): [int(value) for value in line[34:].split()] for line in printed.splitlines()[3:12]}
    assert min(figures["files"]) > 0
    assert figures["store reads"][0] > 0
    assert figures["rooms"][2] <= figures["rooms of two levels"][2] <= figures["folders"][2]
    assert "  index/" in printed
    assert "bot/sandbox" not in printed
    assert sum(" -> " in line for line in printed.splitlines()) == figures["moves between rooms"][2]


CELLAR = """
import asyncio


def fetch(value=0):
    return value


def fetch_all():
    for _ in range(3):
        yield fetch()


async def wait():
    for _ in range(3):
        await asyncio.sleep(0)
"""
KITCHEN = """
import asyncio

from larder.cellar import stock


def cook():
    return stock.fetch()


def sort():
    return sorted([1], key=stock.fetch)


def drain():
    return [value for value in stock.fetch_all()]


def query(connection):
    connection.execute("SELECT 1")


async def serve():
    await stock.wait()
    await asyncio.to_thread(stock.fetch)


async def serve_and_tidy():
    await serve()
    stock.fetch()
"""


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module whose functions call those of another room."""
    for room, module, text in (("cellar", "stock", CELLAR), ("kitchen", "stove", KITCHEN)):
        folder = tmp_path / "larder" / room
        folder.mkdir(parents=True)
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("larder", "larder.cellar", "larder.cellar.stock", "larder.kitchen", "larder.kitchen.stove"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("larder.kitchen.stove")


def record(tracer: CallTracer, work: Callable[[], object]) -> list[str]:
    """Return the calls recorded during ``work``, as "phase: caller -> callee" with two parts of each name."""
    tracer.install()
    tracer.recording = True
    try:
        work()
    finally:
        tracer.uninstall()
    return [
        f"{call.phase}: {'.'.join(str(call.caller).split('.')[-2:])} -> {'.'.join(str(call.callee).split('.')[-2:])}"
        for call in tracer.calls
    ]


def tracer_of(kitchen: ModuleType, function: str) -> CallTracer:
    root = Path(str(kitchen.__file__)).parents[2]
    return CallTracer(root, ["larder"], {"phase": getattr(kitchen, function)})


def test_phase_begins_with_its_function(kitchen: ModuleType) -> None:
    """The function of a phase has no caller; what it calls has it as the caller."""
    calls = record(tracer_of(kitchen, "cook"), kitchen.cook)

    assert calls == ["phase: None -> stove.cook", "phase: stove.cook -> stock.fetch"]


def test_calls_outside_the_phases_are_not_recorded(kitchen: ModuleType) -> None:
    """A call outside the functions of the phases is ignored."""
    assert record(tracer_of(kitchen, "serve"), kitchen.cook) == []


def test_caller_of_a_callback_is_the_nearest_function(kitchen: ModuleType) -> None:
    """The caller of a callback is the nearest function of the program on the stack."""
    calls = record(tracer_of(kitchen, "sort"), kitchen.sort)

    assert calls[1:] == ["phase: stove.sort -> stock.fetch"]


def test_resumed_generator_is_called_once(kitchen: ModuleType) -> None:
    """A generator counts when it first runs, and a comprehension that exhausts it is part of its function."""
    calls = record(tracer_of(kitchen, "drain"), kitchen.drain)

    assert calls[1] == "phase: stove.drain -> stock.fetch_all"
    assert calls[2:] == ["phase: stock.fetch_all -> stock.fetch"] * 3


def test_caller_of_work_in_a_thread_is_the_function_that_started_it(kitchen: ModuleType) -> None:
    """A coroutine counts once however often it waits, and what it runs in a thread is called by it."""
    calls = record(tracer_of(kitchen, "serve"), lambda: asyncio.run(kitchen.serve()))

    assert calls[1:] == ["phase: stove.serve -> stock.wait", "phase: stove.serve -> stock.fetch"]


def test_phase_ends_with_its_function(kitchen: ModuleType) -> None:
    """After the function of a phase has returned, calls of the same task are not recorded."""
    calls = record(tracer_of(kitchen, "serve"), lambda: asyncio.run(kitchen.serve_and_tidy()))

    assert [call.partition(" -> ")[2] for call in calls] == ["stove.serve", "stock.wait", "stock.fetch"]


def test_statements_are_recorded_within_phases_only(kitchen: ModuleType) -> None:
    """A statement belongs to the phase in which it is executed, and to none outside."""
    tracer = tracer_of(kitchen, "query")
    connection = sqlite3.connect(":memory:")
    connection.set_trace_callback(tracer.record_statement)

    def work() -> None:
        connection.execute("SELECT 2")
        kitchen.query(connection)

    record(tracer, work)
    connection.close()

    assert tracer.statements == [("phase", "SELECT 1")]
