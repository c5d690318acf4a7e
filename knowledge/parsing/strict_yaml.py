"""Strict YAML from untrusted files: checked against a dataclass, every mistake reported with its line.

Aliases and deep nesting are rejected: an alias can make a kilobyte expand to gigabytes, and nesting overflows the
stack of libyaml's composer. Both show in the event stream, which needs neither. Scalars stay as they are written:
``no`` is a word and ``0221`` a telephone number; only the dataclass decides what is a number or a boolean.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from pydantic.fields import FieldInfo

from knowledge.errors import ContentError, Problem

YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, if PyYAML has it
MAX_NESTING_DEPTH = 20  # the built-in files need five levels
MAX_QUOTED_LENGTH = 100  # characters of a value in a message
NULL_TAG = "tag:yaml.org,2002:null"
T = TypeVar("T")
Location = tuple[str | int, ...]  # keys and list positions from the root to a value

strict_keys = with_config(ConfigDict(extra="forbid"))  # decorates the dataclasses that files are checked against
_MESSAGES = {
    "missing": "the key '{name}' is missing",
    "unexpected_keyword_argument": "unknown key '{name}'; known are {keys}",
    "dataclass_type": "expected lines of the form 'key: value'",
    "dict_type": "expected lines of the form 'key: value'",
    "string_type": "'{name}' must be text",
    "too_short": "'{name}' must not be empty",
    "too_long": "'{name}' has {actual_length} characters; at most {max_length} fit",
    "tuple_type": "'{name}' must be a list",
    "frozen_set_type": "'{name}' must be a list",
    "bool_type": "'{name}' must be true or false",
    "bool_parsing": "'{name}' must be true or false",
    "enum": "unknown {name} '{value}'; known are {choices}",
    "literal_error": "unknown {name} '{value}'; known are {choices}",
}


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
        try:
            _reject_unsafe(text)
            root = yaml.compose(text, Loader=YAML_LOADER)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "unreadable"
            line = mark.line + first_line if mark else 1
            raise ContentError([Problem(path, line, f"not valid YAML: {reason}")]) from None
        if only_keys is not None and isinstance(root, yaml.MappingNode):
            root.value = [(key, value) for key, value in root.value if str(key.value) in only_keys]
        self._data = self._to_data(root, ()) if root else {}

    def __contains__(self, key: str) -> bool:
        return (key,) in self._lines

    def validate(self, form: type[T], **others: object) -> T:
        """Return the values as a ``form``: a dataclass, or a dict of them.

        Args:
            others: fields of ``form`` that do not come from the file, and must not occur in it.

        Raises:
            ContentError: every mistake in the text.
        """
        problems, data = self._problems, self._data
        if others and isinstance(data, dict):
            problems += [self.problem(f"unknown key '{key}'", key) for key in others if key in data]
            data = data | others
        try:
            record: T = _type_adapter(form).validate_python(data)  # type: ignore[arg-type]  # classes are hashable
        except ValidationError as error:
            problems += [
                self.problem(_describe(details, form, others), *details["loc"])
                for details in error.errors(include_url=False)
                if details["type"] != "too_short" or not details["input"]  # a list is too short of valid items, too
            ]
        if problems:
            raise ContentError(problems)
        return record

    def problem(self, message: str, *location: str | int) -> Problem:
        """Return a problem on the line of a value, or of the nearest value around it if it is missing."""
        while location and location not in self._lines:
            location = location[:-1]
        return Problem(self._path, self._lines.get(location, 1), message)

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
                    problem = self.problem(f"the id '{item_id}' is used a second time", *location, number)
                    self._problems.append(problem)
                seen_ids.add(item_id)
            return items
        return None if node.tag == NULL_TAG else node.value.strip()

    def _to_dict(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value in node.value:
            line = key_node.start_mark.line + self._first_line
            key = key_node.value
            if not isinstance(key, str):
                self._problems.append(Problem(self._path, line, "a key must be a word"))
            elif key in values:
                self._problems.append(Problem(self._path, line, f"the key '{key}' is used a second time"))
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


def _describe(details: Any, form: type, others: Mapping[str, object]) -> str:
    """Describe one of pydantic's errors to the author of the file."""
    *parents, name = details["loc"] or [""]
    context = details.get("ctx", {})
    template = _MESSAGES.get(details["type"], "{error}")
    return template.format(
        **({"error": details["msg"]} | context),
        name=name if isinstance(name, str) else next(part for part in reversed(parents) if isinstance(part, str)),
        value=str(details["input"])[:MAX_QUOTED_LENGTH],
        choices=", ".join(re.findall("'([^']+)'", str(context.get("expected")))),
        keys=", ".join(key for key in _keys_at(form, parents) if key not in others) if "{keys}" in template else "",
    )


def _keys_at(form: Any, location: Iterable[str | int]) -> list[str]:
    for part in location:
        if arguments := get_args(form):
            form = arguments[0 if isinstance(part, int) else -1]
        else:
            form = get_type_hints(form)[str(part)]
    return key_names(form)
