"""Strict YAML from untrusted files: checked against a dataclass, every mistake reported with its line.

Aliases and deep nesting are rejected: an alias can make a kilobyte expand to gigabytes, and nesting overflows the
stack of libyaml's composer. Both show in the event stream, which needs neither. Scalars stay as they are written:
``no`` is a word and ``0221`` a telephone number; only the dataclass decides what is a number or a boolean.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from knowledge.errors import EXAMPLE, ContentError, Problem, is_known_code
from knowledge.parsing.yaml_repair import repair_yaml, straighten_quotes
from knowledge.yaml_file import YAML_LOADER

MAX_NESTING_DEPTH = 20  # the built-in files need five levels
MAX_QUOTED_LENGTH = 100  # characters of a value in a message
NULL_TAG = "tag:yaml.org,2002:null"
T = TypeVar("T")
Location = tuple[str | int, ...]  # keys and list positions from the root to a value

strict_keys = with_config(ConfigDict(extra="forbid"))  # decorates the dataclasses that files are checked against
_CODES = {  # of problems, by pydantic's types of errors
    "missing": "missing",
    "unexpected_keyword_argument": "unknown_key",
    "dataclass_type": "not_lines",
    "dict_type": "not_lines",
    "string_type": "not_text",
    "too_short": "empty",
    "string_too_short": "empty",
    "too_long": "too_long",
    "string_too_long": "too_long",
    "tuple_type": "not_list",
    "frozen_set_type": "not_list",
    "bool_type": "not_boolean",
    "bool_parsing": "not_boolean",
    "enum": "unknown_choice",
    "literal_error": "unknown_choice",
}


def invalid(code: str, **values: object) -> PydanticCustomError:
    """Return the error that a validator of a field raises, to become a problem with this code."""
    return PydanticCustomError(code, "not a possible value", values)


def _collapse_blanks(value: Any) -> Any:
    return "\n".join(" ".join(line.split()) for line in value.splitlines()) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_collapse_blanks), Field(min_length=1)]


class StrictYaml:
    """The values of one YAML text with the line of each.

    Args:
        first_line: the line of the file on which the text begins; 2 for front matter.
        only_keys: read only these keys at the top level and ignore all others; default: read all.

    Raises:
        ContentError: not valid YAML, or YAML with aliases, too deep a nesting, or a key twice.
    """

    def __init__(self, path: Path, text: str, *, first_line: int = 1, only_keys: Iterable[str] | None = None) -> None:
        self._path = path
        self._first_line = first_line
        self._lines: dict[Location, int] = {}
        self._problems: list[Problem] = []
        text, repairs, error = repair_yaml(text, _reject_unsafe)
        examples = text.splitlines()  # a line may have taken two repairs
        for repair in repairs:
            values = {"sign": repair.sign, EXAMPLE: examples[repair.number].strip()}
            self._problems.append(Problem.of(path, repair.number + first_line, repair.code, **values))
        try:
            if error:
                raise error
            root = yaml.compose(text, Loader=YAML_LOADER)
        except yaml.YAMLError as unrepaired:
            mark = getattr(unrepaired, "problem_mark", None)
            reason = getattr(unrepaired, "problem", None) or "unreadable"
            line = mark.line + first_line if mark else 1
            unreadable = Problem.of(path, line, "unreadable_yaml", reason=reason)
            raise ContentError([*self._problems, unreadable]) from None
        if only_keys is not None and isinstance(root, yaml.MappingNode):
            root.value = [(key, value) for key, value in root.value if str(key.value) in only_keys]
        self._data = self._to_data(root, ()) if root else {}

    def __contains__(self, key: str) -> bool:
        return (key,) in self._lines

    def get(self, key: str) -> Any:
        """Return the value of a key at the top level, as it was written; None if it is empty or missing."""
        return self._data.get(key) if isinstance(self._data, dict) else None

    def add_problem(self, code: str, *location: str | int, **values: object) -> None:
        """Note a problem, to be reported by `validate` with all others."""
        self._problems.append(self.problem(code, *location, **values))

    def validate(self, form: type[T], **others: object) -> T:
        """Return the values as a ``form``: a dataclass, or a dict of them.

        Args:
            others: fields of ``form`` that do not come from the file, and must not occur in it.

        Raises:
            ContentError: every mistake in the text.
        """
        problems, data = self._problems, self._data
        if others and isinstance(data, dict):
            problems += [self.problem("reserved_key", key, key=key) for key in others if key in data]
            data = data | others
        try:
            record: T = _type_adapter(form).validate_python(data)  # type: ignore[arg-type]  # classes are hashable
        except ValidationError as error:
            for details in error.errors(include_url=False):
                if details["type"] == "too_short" and details["input"]:
                    continue  # a list is too short of valid items, too
                code, values = _describe(details, form, others)
                problems.append(self.problem(code, *details["loc"], **values))
        if problems:
            raise ContentError(problems)
        return record

    def problem(self, code: str, *location: str | int, **values: object) -> Problem:
        """Return a problem on the line of a value, or of the nearest value around it if it is missing."""
        while location and location not in self._lines:
            location = location[:-1]
        return Problem.of(self._path, self._lines.get(location, 1), code, **values)

    def _to_data(self, node: yaml.Node, location: Location) -> Any:
        self._lines.setdefault(location, node.start_mark.line + self._first_line)
        if isinstance(node, yaml.MappingNode):
            return self._to_dict(node, location)
        if isinstance(node, yaml.SequenceNode):
            items = [self._to_data(item, (*location, number)) for number, item in enumerate(node.value)]
            seen_ids: set[str] = set()
            for number, item in enumerate(items):
                item_id = item.get("id") if isinstance(item, dict) else None
                if not isinstance(item_id, str):
                    continue
                if item_id in seen_ids:
                    self.add_problem("second_id", *location, number, id=item_id)
                seen_ids.add(item_id)
            return items
        if node.tag == NULL_TAG:
            return None
        value: str = node.value.strip()
        is_plain = isinstance(node, yaml.ScalarNode) and not node.style
        if is_plain and (straight := straighten_quotes(value)):
            self.add_problem("typographic_quotes", *location, **{EXAMPLE: straight})
        return value

    def _to_dict(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value in node.value:
            line = key_node.start_mark.line + self._first_line
            key = key_node.value
            if not isinstance(key, str):
                self._problems.append(Problem.of(self._path, line, "key_not_word"))
            elif key in values:
                self._problems.append(Problem.of(self._path, line, "second_key", key=key))
            else:
                self._lines[(*location, key)] = line
                values[key] = self._to_data(value, (*location, key))
        return values


def key_names(form: Any) -> list[str]:
    """Return the keys of a dataclass in a file: the names of its fields, or their aliases, in order."""
    hints = get_type_hints(form, include_extras=True)
    return [_alias(hints[field.name]) or field.name for field in fields(form)]


def _alias(hint: Any) -> str:
    metadata = getattr(hint, "__metadata__", ())
    return next((info.alias for info in metadata if isinstance(info, FieldInfo) and info.alias), "")


def _reject_unsafe(text: str) -> None:
    """Raise yaml.YAMLError for invalid YAML, an alias or too deep a nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=YAML_LOADER):
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*) are not supported", problem_mark=mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_NESTING_DEPTH} levels", problem_mark=mark)


@cache
def _type_adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def _describe(details: Any, form: type, others: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the code and the values of the problem that one of pydantic's errors is."""
    *parents, name = details["loc"] or [""]
    context = details.get("ctx", {})
    key = name if isinstance(name, str) else next((part for part in reversed(parents) if isinstance(part, str)), "")
    code = _CODES.get(details["type"], details["type"])
    values: dict[str, object] = {"key": key, "value": str(details["input"])[:MAX_QUOTED_LENGTH]} | context
    match code:
        case "unknown_key":
            known = [known_key for known_key in _keys_at(form, parents) if known_key not in others]
            values["known"] = ", ".join(known)
            if nearest := difflib.get_close_matches(key, known, 1):
                code, values["nearest"] = "misspelt_key", nearest[0]
        case "unknown_choice":
            choices = re.findall("'([^']+)'", str(context.get("expected")))
            values["choices"] = ", ".join(choices)
            if key == name and (nearest := difflib.get_close_matches(str(details["input"]), choices, 1)):
                values[EXAMPLE] = f"{key}: {nearest[0]}"
        case "too_long":
            values |= {"length": context.get("actual_length", "?"), "maximum": context["max_length"]}
        case _ if not is_known_code(code):
            code, values["error"] = "other", details["msg"]
    return code, values


def _keys_at(form: Any, location: Iterable[str | int]) -> list[str]:
    for part in location:
        if arguments := get_args(form):
            form = arguments[0 if isinstance(part, int) else -1]
        else:
            form = get_type_hints(form)[str(part)]
    return key_names(form)
