"""Example questions in languages that the entries are not written in.

One YAML file per language, ``questions/<language>.yaml``: a list of questions under the id of each entry.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from knowledge.parsing.strict_yaml import StrictYaml
from knowledge.parsing.text_file import read_all, read_text_file

QUESTIONS_FOLDER = "questions"
_QuestionsByEntry = dict[str, tuple[Annotated[str, Field(min_length=1)], ...]]


@dataclass(frozen=True, slots=True)
class ExampleQuestions:
    """The example questions of one language, by the id of the entry that answers them."""

    lang: str
    by_entry: _QuestionsByEntry


def read_example_questions(folder: Path) -> tuple[ExampleQuestions, ...]:
    """Read the files of a folder, sorted by language; none if it is missing. Raises ContentError."""
    return read_all(sorted(folder.glob("*.yaml")), _read_file)


def _read_file(path: Path) -> ExampleQuestions:
    by_entry = StrictYaml(path, read_text_file(path)).validate(_QuestionsByEntry)
    return ExampleQuestions(path.stem, by_entry)
