"""One entry of the knowledge base: a Markdown file with YAML front matter.

Example questions in languages that entries are not written in have one YAML file per language,
``questions/<language>.yaml``: a list of questions under the id of each entry.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import StrictYaml, invalid, key_names, strict_keys
from knowledge.parsing.text_file import read_all, read_text_file, split_front_matter

PLACEHOLDER = re.compile(r"‹[^‹›]+›")
ID_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LEICHTE_SPRACHE = "de-leicht"  # German in Leichte Sprache: shown to users who chose it, never searched


class Layer(StrEnum):
    """Where an entry's facts come from; layers are never mixed in one entry."""

    PAGE = "page"  # the initiative's own page: the authority
    LITERATURE = "literature"  # published work on Collective Impact
    WEB = "web"  # organisations about themselves, the press, statistics
    BOT = "bot"  # this bot about itself
    GAP = "gap"  # people ask this, but the sources do not say
    DOCUMENT = "document"  # a file of an external folder, which has no layers


def _check_layer(value: object) -> object:
    if value not in [*Layer]:
        choices = ", ".join(f"'{layer}'" for layer in Layer if layer is not Layer.DOCUMENT)  # nobody writes that one
        raise invalid("unknown_choice", expected=choices)
    return value


def _text_or_empty(value: object) -> object:
    return "" if value is None else value


def _check_url(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s<>\"']+", url) and not PLACEHOLDER.search(url):
        raise invalid("address_incomplete", value=url)
    return url


_OptionalText = Annotated[str, BeforeValidator(_text_or_empty)]
_Items = tuple[Annotated[str, Field(min_length=1)], ...]
_QuestionsByEntry = dict[str, _Items]
QUESTIONS_FOLDER = "questions"
DETAILS_GAP = "einzelheiten"  # the gap that says of any subject that a detail is not in the sources
StepCommand = Literal[
    "einfuehrung", "selbstcheck", "beratung", "datenschutz", "meinedaten", "loeschen", "sprache", "mitnehmen",
    "teilen", "hilfe", "",
]  # fmt: skip


@strict_keys
@dataclass(frozen=True, slots=True)
class Entry:
    """What the bot can say on one subject, in one language.

    Attributes:
        body: Markdown.
        related: the ids of entries to read next, the most useful first.
        command: the German name of the command that is the next step; "" if there is none.
        questions: example questions that it answers.
        not_answered: the key ``not``: questions close to it that it does not answer.
    """

    id: str
    lang: str
    title: _OptionalText = ""
    body: str = ""
    layer: Annotated[Layer, BeforeValidator(_check_layer)] = Layer.DOCUMENT
    source: _OptionalText = ""
    url: Annotated[_OptionalText, AfterValidator(_check_url)] = ""
    audience: tuple[Literal["npo", "stiftung", "kommune", "unternehmen", "neugierige"], ...] = ()
    related: _Items = ()
    command: Annotated[StepCommand, BeforeValidator(_text_or_empty)] = ""
    questions: _Items = ()
    not_answered: Annotated[_Items, Field(alias="not")] = ()


@dataclass(frozen=True, slots=True)
class ExampleQuestions:
    """The example questions of one language, by the id of the entry that answers them."""

    lang: str
    by_entry: _QuestionsByEntry


_KEYS = tuple(key for key in key_names(Entry) if key not in ("id", "lang", "body"))


def read_entry(path: Path, entry_id: str, lang: str, *, strict: bool) -> Entry:
    """Read one Markdown file.

    Args:
        strict: demand complete front matter and reject unknown keys; else front matter is optional.

    Raises:
        ContentError: every problem found in the file, each with its line.
    """
    text = read_text_file(path)
    front_matter, body = split_front_matter(path, text, required=strict or text.startswith("---\n"))
    file = StrictYaml(path, front_matter, first_line=2, only_keys=None if strict else _KEYS)
    problems = []
    if strict and (placeholders := find_placeholders(text)):
        problems.append(Problem.of(path, placeholders[0], "placeholder", lines=describe_lines(placeholders)))
    if not body:
        problems.append(Problem.of(path, text.count("\n") + 1, "text_missing"))
    for key in _required_keys(lang, file.get("layer")) if strict else ():
        if key not in file:
            problems.append(Problem.of(path, 1, "missing", key=key))
        elif not file.get(key) and key != "related":  # it may be empty on purpose
            file.add_problem("empty", key, key=key)
    try:
        entry = file.validate(Entry, id=entry_id, lang=lang, body=body)
    except ContentError as error:
        meant = {dict(problem.values).get("nearest") for problem in error.problems if problem.code == "misspelt_key"}
        missing = [problem for problem in problems if dict(problem.values).get("key") not in meant]
        raise ContentError((*missing, *error.problems)) from None
    if problems:
        raise ContentError(problems)
    return replace(
        entry,
        title=entry.title or _first_heading(body) or path.stem,
        source=entry.source or ("" if "layer" in file else path.name),
    )


def _required_keys(lang: str, layer: object) -> tuple[str, ...]:
    questions = () if lang == LEICHTE_SPRACHE else ("questions",)
    source = () if layer in (Layer.GAP, Layer.BOT) else ("source",)
    return ("title", "layer", "audience", "related", *questions, *source)


def find_placeholders(text: str) -> list[int]:
    """Return the lines, from 1, in which `gwbot knowledge new` left something to be filled in."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if PLACEHOLDER.search(line)]


def describe_lines(numbers: Sequence[int]) -> str:
    """Return line numbers with runs shortened: "2, 4-7, 12"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _first_heading(body: str) -> str:
    match = re.search(r"^#{1,6}[ \t]+([^ \t\n].*)$", body, re.M)
    return match[1].rstrip(" \t#") if match else ""


def read_example_questions(folder: Path) -> tuple[ExampleQuestions, ...]:
    """Read the files of a folder, sorted by language; none if it is missing. Raises ContentError."""
    return read_all(sorted(folder.glob("*.yaml")), _read_questions)


def _read_questions(path: Path) -> ExampleQuestions:
    by_entry = StrictYaml(path, read_text_file(path)).validate(_QuestionsByEntry)
    return ExampleQuestions(path.stem, by_entry)
