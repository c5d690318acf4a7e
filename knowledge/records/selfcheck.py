"""The questions of the self-check, read from selfcheck/<lang>.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import compose
from knowledge.parsing.text_file import read_text
from knowledge.records.entry import ID_PATTERN, Layer

SELFCHECK = "selfcheck"
MAX_NAME = 26  # characters that fit beside a bar of the chart
MAX_ID = 16
LONGEST = {"question": 140, "about": 220, "title": 60}
_GROUP = ("id", "name", "layer", "source")
_QUESTION = ("id", "group", "name", "question", "about", "entry", "step")


@dataclass(frozen=True, slots=True)
class Group:
    """What several questions stand for together, and where that comes from."""

    id: str
    name: str
    layer: Layer
    source: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``name`` is short, ``entry`` is what to read on it, ``step`` of the introduction tells of it."""

    id: str
    group: Group
    name: str
    question: str
    about: str
    entry: str
    step: int


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The self-check in one language; the questions of a group follow one another."""

    lang: str
    title: str
    groups: tuple[Group, ...]
    questions: tuple[Question, ...]


def read_selfchecks(folder: Path) -> tuple[SelfCheck, ...]:
    """The self-check in every language there is. Raises ContentError with every problem found."""
    checks: list[SelfCheck] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        reader = _Reader(path)
        check = reader.read()
        problems += reader.problems
        checks += [check] if check else []
    if problems:
        raise ContentError(problems)
    return tuple(checks)


class _Reader:
    """Reads one file and collects what is wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def read(self) -> SelfCheck | None:
        """The self-check of the file; what is wrong stands in ``problems``."""
        try:
            node = compose(read_text(self.path))
        except ContentError as error:
            self.problems += error.problems
            return None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self._wrong(mark.line if mark else 0, "not valid YAML")
            return None
        fields, lines = self._mapping(node, ("title", "groups", "questions"))
        title = self._text(fields.get("title"), "title")
        groups = {one["id"]: one for _, one in self._items(fields.get("groups"), "groups", _GROUP)}
        asked = list(self._items(fields.get("questions"), "questions", _QUESTION))
        if self.problems:
            return None
        built = {key: Group(key, one["name"], Layer(one["layer"]), one["source"]) for key, one in groups.items()}
        questions = tuple(
            Question(**{**one, "group": built[one["group"]], "step": int(one["step"])})  # type: ignore[arg-type]  # texts, and the two beside them
            for line, one in asked
            if self._belongs(one["group"], built, line)
        )
        order = [question.group.id for question in questions]
        if order != sorted(order, key=list(built).index):
            self._wrong(lines["questions"], "the questions of a group must follow one another, in the groups' order")
        return SelfCheck(self.path.stem, title, tuple(built.values()), questions)

    def _wrong(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, line + 1, message))

    def _belongs(self, group: str, groups: dict[str, Group], line: int) -> bool:
        if group not in groups:
            self._wrong(line, f"there is no group '{group}'")
        return group in groups

    def _mapping(self, node: yaml.Node | None, keys: tuple[str, ...]) -> tuple[dict[str, yaml.Node], dict[str, int]]:
        """The values by key, and the lines they stand on."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node.start_mark.line if node else 0, f"expected lines of the form 'key: value': {list(keys)}")
            return {}, {}
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in keys:
                self._wrong(key.start_mark.line, f"unknown key '{key.value}'; known are {', '.join(keys)}")
                continue
            if key.value in fields:
                self._wrong(key.start_mark.line, f"the key '{key.value}' stands here a second time")
            fields[key.value] = value
        for key in keys:
            if key not in fields:
                self._wrong(node.start_mark.line, f"the key '{key}' is missing")
        return fields, {key: value.start_mark.line for key, value in fields.items()}

    def _items(
        self, node: yaml.Node | None, name: str, keys: tuple[str, ...]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """Each item of a list with its line."""
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._wrong(node.start_mark.line, f"'{name}' must be a list")
            return
        seen: set[str] = set()
        for item in node.value:
            fields, _ = self._mapping(item, keys)
            read = {key: self._text(fields.get(key), key) for key in keys}
            if read["id"] in seen:
                self._wrong(item.start_mark.line, f"the id '{read['id']}' stands here a second time")
            seen.add(read["id"])
            yield item.start_mark.line, read

    def _text(self, node: yaml.Node | None, key: str) -> str:
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self._wrong(node.start_mark.line, f"'{key}' must be one line of text")
            return ""
        value: str = node.value.strip()
        if wrong := _fault(key, value):
            self._wrong(node.start_mark.line, wrong)
        return value


def _fault(key: str, value: str) -> str:
    """What is wrong with a value; "" where nothing is."""
    if key == "id" and not (ID_PATTERN.fullmatch(value) and len(value) <= MAX_ID):
        return f"the id must be a-z, 0-9 and single hyphens, at most {MAX_ID} characters"
    if key == "layer" and value not in (Layer.PAGE, Layer.LITERATURE):
        return f"unknown layer '{value}'; known are page, literature"
    if key == "step" and not (value.isdecimal() and int(value)):
        return "'step' must be the number of a step of the introduction"
    most = MAX_NAME if key == "name" else LONGEST.get(key)
    return f"'{key}' has {len(value)} characters; {most} fit" if most and len(value) > most else ""
