"""Record which functions of a program call which, across threads and tasks, while certain functions run.

sys.setprofile serves every supported version of Python; sys.monitoring would need 3.12.
"""

import asyncio
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

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
    """A call of a function within a phase. ``caller`` is None where the phase begins."""

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

    The caller of a function is the nearest function of the program on the stack, whatever lies between the two. Work
    that `asyncio.to_thread` takes to another thread is called by the function that gave it away; other ways into a
    thread, and tasks that are started, are not followed. A generator or coroutine is called when it first runs, and
    not again when it is resumed. Comprehensions and generator expressions are part of the function around them.

    Attributes:
        calls: what was called, in order.
        statements: phase and text of the SQL that was executed, in order.
    """

    def __init__(self, root: Path, packages: Iterable[str], phases: Mapping[str, Callable[..., Any]]) -> None:
        """Prepare to record the functions of some packages.

        Args:
            root: folder above the packages.
            packages: names of the top-level packages.
            phases: for each phase the function that it lasts for; what runs within none of them is not recorded.
        """
        self.recording = False
        self.calls: list[Call] = []
        self.statements: list[tuple[str, str]] = []
        self._root = f"{root}/"
        self._packages = tuple(f"{package}/" for package in packages)
        self._phases = {function.__code__: phase for phase, function in phases.items()}
        self._functions: dict[CodeType, Function | None] = {}
        self._entered: set[FrameType] = set()  # one that is resumed keeps its frame

    def install(self) -> None:
        """Watch this thread and all threads that are started from now on."""
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def uninstall(self) -> None:
        """Record nothing more, and watch neither this thread nor new ones."""
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
        if handover is None or handover.thread == threading.get_ident():  # the task that handed over goes on
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
