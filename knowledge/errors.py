"""Errors that people can fix.

GwError
└── ContentError   one or more files of the knowledge base cannot be used
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from knowledge.yaml_file import read_yaml

CATALOGUE_FILE = Path(__file__).with_name("problems.yaml")
EXAMPLE = "example"  # the value of a problem that is a right line
_WORDS = {"de": ("Fehler", "Hinweis", "Richtig zum Beispiel"), "en": ("error", "hint", "right, for example")}


class GwError(Exception):
    """An error that people can fix: the message says what, where and how, and no traceback is printed."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in one file, or a hint about it.

    Attributes:
        line: from 1; 0 means the file as a whole.
        code: what it is; problems.yaml has the wordings.
        values: what they name.
    """

    path: Path
    line: int
    code: str
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, path: Path, line: int, code: str, **values: object) -> "Problem":
        """Return a problem whose wording names these values."""
        return cls(path, line, code, tuple((name, str(value)) for name, value in values.items()))

    @property
    def is_hint(self) -> bool:
        """Whether the file can be used nevertheless."""
        return self.code in _catalogue()["hints"]

    @property
    def location(self) -> str:
        """The file, with its line if that is known."""
        return f"{self.path}:{self.line}" if self.line else str(self.path)

    @property
    def message(self) -> str:
        """The wording in English, without an example."""
        return self.text("en")

    def text(self, lang: str) -> str:
        """Return the wording in 'de' or 'en', without an example."""
        catalogue = _catalogue()
        wordings = catalogue["hints" if self.is_hint else "errors"][self.code]
        wording: str = wordings[lang].format_map(dict(self.values))
        return wording

    def example(self) -> str:
        """Return a right line; "" if there is none."""
        values = dict(self.values)
        return values.get(EXAMPLE) or str(_catalogue()["examples"].get(values.get("key", ""), ""))

    def describe(self, lang: str) -> str:
        """Return it on one line: where, whether it is an error or a hint, what, and a right line."""
        error, hint, right = _WORDS[lang]
        example = f" {right}: {self.example()}" if self.example() else ""
        return f"{self.location}: {hint if self.is_hint else error}: {self.text(lang)}{example}"

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class ContentError(GwError):
    """Mistakes in the files of a knowledge folder, each with file and line, sorted."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    catalogue: dict[str, dict[str, Any]] = read_yaml(CATALOGUE_FILE)
    return catalogue


def is_known_code(code: str) -> bool:
    """Return whether problems.yaml has a wording for a code."""
    return code in _catalogue()["errors"] or code in _catalogue()["hints"]
