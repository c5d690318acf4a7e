"""The questions of the self-check, read from selfcheck/<lang>.yaml."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import StrictYaml, Text, invalid, strict_keys
from knowledge.parsing.text_file import parsed_once, read_all
from knowledge.records.entry import ID_PATTERN, Layer

SELFCHECK_FOLDER = "selfcheck"
MAX_ID_LENGTH = 16
LEVEL_COUNT = 4  # not at all, in parts, largely, yes: 0 to 3


def _check_id(value: str) -> str:
    if not ID_PATTERN.fullmatch(value) or len(value) > MAX_ID_LENGTH:
        raise invalid("bad_id", maximum=MAX_ID_LENGTH)
    return value


def _check_step_number(value: str) -> str:
    if not str(value).isdecimal() or not value.strip("0"):
        raise invalid("step_number")
    return value


def _check_levels(levels: tuple[str, ...]) -> tuple[str, ...]:
    if len(levels) != LEVEL_COUNT:
        raise invalid("levels_count", count=LEVEL_COUNT)
    return levels


_Id = Annotated[Text, AfterValidator(_check_id)]
_Name = Annotated[Text, Field(max_length=26)]  # fits beside a bar of the chart
_Level = Annotated[Text, Field(max_length=30)]  # fits a button


@strict_keys
@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """The aspect that several questions measure together, and its source."""

    id: _Id
    name: _Name
    layer: Literal[Layer.PAGE, Layer.LITERATURE]
    source: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class _QuestionText:
    id: _Id
    name: _Name
    question: Annotated[Text, Field(max_length=140)]
    about: Annotated[Text, Field(max_length=220)]
    entry: Text
    explained: Annotated[Text, Field(max_length=260)] = ""
    step: Annotated[int, BeforeValidator(_check_step_number)] | None = None
    levels: Annotated[tuple[_Level, ...], AfterValidator(_check_levels)] | None = None
    first_step: Annotated[Text, Field(max_length=160)] = ""


@strict_keys
@dataclass(frozen=True, slots=True, kw_only=True)
class _QuestionRow(_QuestionText):
    group: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheckQuestion(_QuestionText):
    """One question.

    Attributes:
        name: short.
        entry: explains it; so does the introduction's ``step``, if there is one about it.
        explained: the question in plain words, for whoever does not understand it; "" if there are none.
        levels: the answers in words, from the lowest to the highest; None for those that fit most questions.
        first_step: what to do first if the answer is low; "" if nothing is suggested.
    """

    group: QuestionGroup


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The self-check in one language; the questions of a group follow one another."""

    lang: str
    title: str
    groups: tuple[QuestionGroup, ...]
    questions: tuple[SelfCheckQuestion, ...]


@strict_keys
@dataclass(frozen=True, slots=True)
class _SelfCheckFile:
    title: Annotated[Text, Field(max_length=60)]
    groups: Annotated[tuple[QuestionGroup, ...], Field(min_length=1)]
    questions: Annotated[tuple[_QuestionRow, ...], Field(min_length=1)]


def read_selfchecks(folder: Path) -> tuple[SelfCheck, ...]:
    """Read the self-check in every language; raise ContentError with every mistake."""
    return read_all(sorted(folder.glob("*.yaml")), _read_selfcheck)


@parsed_once
def _read_selfcheck(path: Path, text: str) -> SelfCheck:
    source = StrictYaml(path, text)
    file = source.validate(_SelfCheckFile)
    groups = {group.id: group for group in file.groups}
    if problems := list(_find_group_problems(file, source)):
        raise ContentError(problems)
    questions = (SelfCheckQuestion(**asdict(row) | {"group": groups[row.group]}) for row in file.questions)
    return SelfCheck(path.stem, file.title, file.groups, tuple(questions))


def _find_group_problems(file: _SelfCheckFile, source: StrictYaml) -> Iterator[Problem]:
    group_ids = [group.id for group in file.groups]
    order = [row.group for row in file.questions]
    for number, group_id in enumerate(order):
        if group_id not in group_ids:
            yield source.problem("no_group", "questions", number, "group", value=group_id)
    if order != sorted(order, key=lambda group_id: group_ids.index(group_id) if group_id in group_ids else 0):
        yield source.problem("group_order", "questions")
