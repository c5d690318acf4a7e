"""The steps of the guided introduction, read from intro/<lang>/NN-name.md."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.entry import read_text
from knowledge.errors import ContentError, Problem

MAX_CHARACTERS = 600
_FILE = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.S)


@dataclass(frozen=True, slots=True)
class Step:
    """One step in one language. ``number`` counts from 1; ``entries`` are what to read on; ``body`` is Markdown."""

    number: int
    lang: str
    title: str
    entries: tuple[str, ...]
    body: str


def read_steps(folder: Path) -> tuple[Step, ...]:
    """All steps, by language and number. Raises ContentError with every problem found."""
    steps: list[Step] = []
    problems: list[Problem] = []
    for lang in sorted(path for path in folder.glob("*") if path.is_dir()):
        for number, path in enumerate(sorted(lang.glob("*.md")), start=1):
            try:
                steps.append(_read_step(path, lang.name, number))
            except ContentError as error:
                problems += error.problems
    if problems:
        raise ContentError(problems)
    return tuple(steps)


def _read_step(path: Path, lang: str, number: int) -> Step:
    match = _FILE.match(read_text(path))
    if match is None:
        raise ContentError([Problem(path, 1, "expected front matter between two lines '---' and a text below")])
    try:
        fields = yaml.safe_load(match[1])
        if set(fields) != {"title", "entries"} or not isinstance(fields["entries"], list):
            raise ValueError("the keys must be 'title' and 'entries' (a list)")
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise ContentError([Problem(path, 2, f"the front matter is not of the right form: {error}")]) from None
    body = match[2].strip()
    if not 0 < len(body) <= MAX_CHARACTERS:
        raise ContentError(
            [Problem(path, 5, f"the text has {len(body)} characters; 1 to {MAX_CHARACTERS} fit a step")]
        )
    return Step(number, lang, str(fields["title"]), tuple(map(str, fields["entries"])), body)
