"""The steps of the guided introduction, read from intro/<lang>/NN-name.md, with pictures in intro/pictures."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from knowledge.errors import ContentError, Problem
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.parsing.strict_yaml import StrictYaml, Text, strict_keys
from knowledge.parsing.text_file import read_all, read_text_file, split_front_matter

INTRO_AUDIENCES = ("npo", "stiftung", "kommune", "unternehmen", "engagierte", "neugierige")
PICTURES_FOLDER = "pictures"  # next to the folders of the languages
MAX_STEP_LENGTH = 600  # characters of text, example and question together: what is read before the first tap
MAX_PARSED_STEPS = 64  # which all bots of a process share: 9 in 3 languages, and those of a few tenants
_FILE_NAME = re.compile(r"\d\d-([a-z0-9]+(?:-[a-z0-9]+)*)")
_EntryId = Annotated[Text, Field(max_length=50)]


@strict_keys
@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a step's question, the bot's reply, and the entry to read next, if different from the step's."""

    text: Annotated[Text, Field(max_length=40)]
    reply: Annotated[Text, Field(max_length=280)]
    entry: _EntryId = ""


@strict_keys
@dataclass(frozen=True, slots=True)
class IntroStep:
    """One step in one language; ``number`` counts from 1, ``entries`` are further reading, ``body`` is Markdown.

    Attributes:
        name: of its file, without the number: the same in every language.
        picture: name of a PNG file, without its suffix; ``alt`` describes it.
        ask, choices: the question at its end, and the answers to it.
        examples: a paragraph for each audience, shown below the text; empty if all read the same.
        takeaway: plain text worth keeping, for the handout; if "", the handout takes the beginning of ``body``.
    """

    number: int
    lang: str
    name: str
    title: Annotated[Text, Field(max_length=48)]
    entries: Annotated[tuple[_EntryId, ...], Field(min_length=1)]
    body: str
    picture: Annotated[Text, Field(max_length=40)]
    alt: Annotated[Text, Field(max_length=300)]
    ask: Annotated[Text, Field(max_length=MAX_STEP_LENGTH)]
    choices: Annotated[tuple[Choice, ...], Field(min_length=1)]
    examples: Mapping[str, Annotated[Text, Field(max_length=MAX_STEP_LENGTH)]] = field(default_factory=dict)
    takeaway: Annotated[Text, Field(max_length=260)] = ""

    def text_for_audience(self, audience: str) -> str:
        """Return the Markdown an audience reads; an unknown audience reads the text for the curious."""
        example = self.examples.get(audience) or self.examples.get(INTRO_AUDIENCES[-1], "")
        return f"{self.body}\n\n{example}".rstrip()


def read_steps(folder: Path) -> tuple[IntroStep, ...]:
    """Read all steps, sorted by language and number; raise ContentError with every mistake."""
    langs = sorted(path for path in folder.glob("*") if path.is_dir() and path.name != PICTURES_FOLDER)
    numbers = {path: number for lang in langs for number, path in enumerate(sorted(lang.glob("*.md")), start=1)}
    return read_all(numbers, lambda path: _read_step(path, numbers[path]))


def steps_in_language(steps: Iterable[IntroStep], lang: str) -> tuple[IntroStep, ...]:
    """Return all steps in a language; a variant ('de-leicht') falls back to its base language ('de') by step.

    A language without any steps falls back to the first language that has some.
    """
    all_steps = tuple(steps)
    base_lang = lang.partition("-")[0]
    path = [step for step in all_steps if step.lang == base_lang] or [
        step for step in all_steps if step.lang == all_steps[0].lang
    ]
    translated = {step.name: step for step in all_steps if step.lang == lang}
    return tuple(translated.get(step.name, step) for step in path)


def _read_step(path: Path, number: int) -> IntroStep:
    step, file = _parse_step(path, number, read_text_file(path))
    if problems := list(_find_step_problems(step, path, file)):
        raise ContentError(problems)
    return step


@lru_cache(MAX_PARSED_STEPS)
def _parse_step(path: Path, number: int, text: str) -> tuple[IntroStep, StrictYaml]:
    front_matter, body = split_front_matter(path, text)
    name = _FILE_NAME.fullmatch(path.stem)
    if name is None:
        raise ContentError([Problem.of(path, 0, "step_file_name")])
    file = StrictYaml(path, front_matter, first_line=2)
    return file.validate(IntroStep, number=number, lang=path.parent.name, name=name[1], body=body), file


def _find_step_problems(step: IntroStep, path: Path, file: StrictYaml) -> Iterator[Problem]:
    picture = Path(f"{step.picture}.png").name  # never one from another folder
    if not (path.parents[1] / PICTURES_FOLDER / picture).is_file():
        yield file.problem("no_picture", "picture", value=step.picture)
    if not step.body:
        yield Problem.of(path, 1, "text_missing")
    if step.examples:
        for audience in step.examples.keys() - set(INTRO_AUDIENCES):
            known = ", ".join(INTRO_AUDIENCES)
            yield file.problem("unknown_key", "examples", audience, key=audience, known=known)
        for audience in set(INTRO_AUDIENCES) - step.examples.keys():
            yield file.problem("missing", "examples", key=audience)
    for audience in step.examples or ("",):
        length = len(markdown_to_plain(step.text_for_audience(audience))) + len(step.ask)
        if length > MAX_STEP_LENGTH:
            code = "step_too_long_for" if audience else "step_too_long"
            values = {"audience": audience, "length": length, "maximum": MAX_STEP_LENGTH}
            yield file.problem(code, "examples", **values)
