"""Which calls and statements are recorded, on a small program of two rooms."""

import asyncio
import importlib
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tools.call_tracer import CallTracer

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
    """The calls recorded while ``work`` runs, as "phase: caller -> callee" with the last two parts of each name."""
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


def test_calls_outside_of_phases_are_not_recorded(kitchen: ModuleType) -> None:
    """What runs within no function of a phase is ignored."""
    assert record(tracer_of(kitchen, "serve"), kitchen.cook) == []


def test_callback_is_called_by_the_nearest_function_of_the_program(kitchen: ModuleType) -> None:
    """A function that somebody else's code calls back has the program's function before that as its caller."""
    calls = record(tracer_of(kitchen, "sort"), kitchen.sort)

    assert calls[1:] == ["phase: stove.sort -> stock.fetch"]


def test_resumed_generator_is_called_once(kitchen: ModuleType) -> None:
    """A generator counts when it first runs, and the comprehension that drains it is part of its function."""
    calls = record(tracer_of(kitchen, "drain"), kitchen.drain)

    assert calls[1] == "phase: stove.drain -> stock.fetch_all"
    assert calls[2:] == ["phase: stock.fetch_all -> stock.fetch"] * 3


def test_thread_belongs_to_the_function_that_handed_work_to_it(kitchen: ModuleType) -> None:
    """A coroutine counts once however often it waits, and what it runs in a thread is called by it."""
    calls = record(tracer_of(kitchen, "serve"), lambda: asyncio.run(kitchen.serve()))

    assert calls[1:] == ["phase: stove.serve -> stock.wait", "phase: stove.serve -> stock.fetch"]


def test_phase_ends_with_its_function(kitchen: ModuleType) -> None:
    """What the same task does after the function of a phase has returned is not recorded."""
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
