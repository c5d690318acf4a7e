"""Errors that people can fix.

GwError
└── ContentError   one or more files of the knowledge base cannot be used
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class GwError(Exception):
    """An error that people can fix: the message says what, where and how, and no traceback is printed."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in one file. ``line`` counts from 1; 0 means the file as a whole."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        location = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{location}: {self.message}"


class ContentError(GwError):
    """Mistakes in the files of a knowledge folder, each with file and line, sorted."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))
