"""The questions of the self-check, read from selfcheck/<lang>.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import compose_node
from knowledge.parsing.text_file import read_text_file
from knowledge.records.entry import ID_PATTERN, Layer

SELFCHECK_FOLDER = "selfcheck"
MAX_NAME_LENGTH = 26  # characters that fit beside a bar of the chart
MAX_ID_LENGTH = 16
MAX_LENGTHS = {"question": 140, "about": 220, "title": 60}
_GROUP_KEYS = ("id", "name", "layer", "source")
_QUESTION_KEYS = ("id", "group", "name", "question", "about", "entry", "step")


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """What several questions stand for together, and where that comes from."""

    id: str
    name: str
    layer: Layer
    source: str


@dataclass(frozen=True, slots=True)
class SelfCheckQuestion:
    """One question. ``name`` is short, ``entry`` is what to read on it, ``step`` of the introduction tells of it."""

    id: str
    group: QuestionGroup
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
    groups: tuple[QuestionGroup, ...]
    questions: tuple[SelfCheckQuestion, ...]


def read_selfchecks(folder: Path) -> tuple[SelfCheck, ...]:
    """The self-check in every language there is. Raises ContentError with every problem found."""
    selfchecks: list[SelfCheck] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        reader = _SelfCheckReader(path)
        selfcheck = reader.read_file()
        problems += reader.problems
        selfchecks += [selfcheck] if selfcheck else []
    if problems:
        raise ContentError(problems)
    return tuple(selfchecks)


class _SelfCheckReader:
    """Reads one file and collects what is wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def read_file(self) -> SelfCheck | None:
        """The self-check of the file; what is wrong stands in ``problems``."""
        try:
            node = compose_node(read_text_file(self.path))
        except ContentError as error:
            self.problems += error.problems
            return None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self._add_problem(mark.line if mark else 0, "not valid YAML")
            return None
        fields, lines = self._read_mapping(node, ("title", "groups", "questions"))
        title = self._read_string(fields.get("title"), "title")
        group_values = {
            values["id"]: values for _, values in self._read_items(fields.get("groups"), "groups", _GROUP_KEYS)
        }
        question_items = list(self._read_items(fields.get("questions"), "questions", _QUESTION_KEYS))
        if self.problems:
            return None
        groups_by_id = {
            key: QuestionGroup(key, values["name"], Layer(values["layer"]), values["source"])
            for key, values in group_values.items()
        }
        questions = tuple(
            SelfCheckQuestion(**{**values, "group": groups_by_id[values["group"]], "step": int(values["step"])})  # type: ignore[arg-type]  # texts, and the two beside them
            for line, values in question_items
            if self._check_group(values["group"], groups_by_id, line)
        )
        order = [question.group.id for question in questions]
        if order != sorted(order, key=list(groups_by_id).index):
            self._add_problem(
                lines["questions"], "the questions of a group must follow one another, in the groups' order"
            )
        return SelfCheck(self.path.stem, title, tuple(groups_by_id.values()), questions)

    def _add_problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, line + 1, message))

    def _check_group(self, group: str, groups: dict[str, QuestionGroup], line: int) -> bool:
        if group not in groups:
            self._add_problem(line, f"there is no group '{group}'")
        return group in groups

    def _read_mapping(
        self, node: yaml.Node | None, keys: tuple[str, ...]
    ) -> tuple[dict[str, yaml.Node], dict[str, int]]:
        """The values by key, and the lines they stand on."""
        if not isinstance(node, yaml.MappingNode):
            self._add_problem(
                node.start_mark.line if node else 0, f"expected lines of the form 'key: value': {list(keys)}"
            )
            return {}, {}
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in keys:
                self._add_problem(key.start_mark.line, f"unknown key '{key.value}'; known are {', '.join(keys)}")
                continue
            if key.value in fields:
                self._add_problem(key.start_mark.line, f"the key '{key.value}' stands here a second time")
            fields[key.value] = value
        for key in keys:
            if key not in fields:
                self._add_problem(node.start_mark.line, f"the key '{key}' is missing")
        return fields, {key: value.start_mark.line for key, value in fields.items()}

    def _read_items(
        self, node: yaml.Node | None, name: str, keys: tuple[str, ...]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """Each item of a list with its line."""
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._add_problem(node.start_mark.line, f"'{name}' must be a list")
            return
        seen_ids: set[str] = set()
        for item in node.value:
            fields, _ = self._read_mapping(item, keys)
            values = {key: self._read_string(fields.get(key), key) for key in keys}
            if values["id"] in seen_ids:
                self._add_problem(item.start_mark.line, f"the id '{values['id']}' stands here a second time")
            seen_ids.add(values["id"])
            yield item.start_mark.line, values

    def _read_string(self, node: yaml.Node | None, key: str) -> str:
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self._add_problem(node.start_mark.line, f"'{key}' must be one line of text")
            return ""
        value: str = node.value.strip()
        if problem := _find_value_problem(key, value):
            self._add_problem(node.start_mark.line, problem)
        return value


def _find_value_problem(key: str, value: str) -> str:
    """What is wrong with a value; "" where nothing is."""
    if key == "id" and not (ID_PATTERN.fullmatch(value) and len(value) <= MAX_ID_LENGTH):
        return f"the id must be a-z, 0-9 and single hyphens, at most {MAX_ID_LENGTH} characters"
    if key == "layer" and value not in (Layer.PAGE, Layer.LITERATURE):
        return f"unknown layer '{value}'; known are page, literature"
    if key == "step" and not (value.isdecimal() and int(value)):
        return "'step' must be the number of a step of the introduction"
    max_length = MAX_NAME_LENGTH if key == "name" else MAX_LENGTHS.get(key)
    return f"'{key}' has {len(value)} characters; {max_length} fit" if max_length and len(value) > max_length else ""
