"""One entry of the knowledge base: a Markdown file with YAML front matter.

Example questions in languages that entries are not written in have one YAML file per language,
``questions/<language>.yaml``: a list of questions under the id of each entry.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import StrictYaml, key_names, strict_keys
from knowledge.parsing.text_file import read_all, read_text_file, split_front_matter

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


def _text_or_empty(value: object) -> object:
    return "" if value is None else value


def _check_url(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s<>\"']+", url):
        raise ValueError(f"'{url}' is not a complete address (https://…)")
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
    layer: Layer = Layer.DOCUMENT
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
    entry = file.validate(Entry, id=entry_id, lang=lang, body=body)
    if not body:
        raise ContentError([Problem(path, text.count("\n") + 1, "the text below the front matter is empty")])
    if strict and (missing := [key for key in _required_keys(entry) if key not in file or not getattr(entry, key)]):
        raise ContentError(Problem(path, 1, f"the key '{key}' is missing") for key in missing)
    return replace(
        entry,
        title=entry.title or _first_heading(body) or path.stem,
        source=entry.source or ("" if "layer" in file else path.name),
    )


def _required_keys(entry: Entry) -> tuple[str, ...]:
    questions = () if entry.lang == LEICHTE_SPRACHE else ("questions",)
    source = () if entry.layer in (Layer.GAP, Layer.BOT) else ("source",)
    return ("title", "layer", "audience", "related", *questions, *source)


def _first_heading(body: str) -> str:
    match = re.search(r"^#{1,6}[ \t]+([^ \t\n].*)$", body, re.M)
    return match[1].rstrip(" \t#") if match else ""


def read_example_questions(folder: Path) -> tuple[ExampleQuestions, ...]:
    """Read the files of a folder, sorted by language; none if it is missing. Raises ContentError."""
    return read_all(sorted(folder.glob("*.yaml")), _read_questions)


def _read_questions(path: Path) -> ExampleQuestions:
    by_entry = StrictYaml(path, read_text_file(path)).validate(_QuestionsByEntry)
    return ExampleQuestions(path.stem, by_entry)
