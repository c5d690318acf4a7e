"""YAML from files that anybody may have written: no aliases, no deep nesting, only plain values.

An alias can make a kilobyte stand for gigabytes, and nesting overflows the stack of libyaml's composer. Both are
found in the stream of events, which needs neither.
"""

from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import ContentError, Problem

YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, where PyYAML has it
MAX_NESTING_DEPTH = 20  # collections inside of one another; ours need five


class RejectedYaml(yaml.MarkedYAMLError):
    """Valid YAML that we do not read."""

    def __init__(self, problem: str, event: Any) -> None:
        super().__init__(problem=problem, problem_mark=event.start_mark)


def compose_node(text: str) -> yaml.Node | None:
    """The node of a text. Raises yaml.YAMLError where it is not valid, or has aliases or too deep a nesting."""
    _reject_unsafe(text)
    return yaml.compose(text, Loader=YAML_LOADER)


def load_yaml(path: Path, text: str) -> Any:
    """The values of a file's text. Raises ContentError with the line where it cannot be used."""
    try:
        _reject_unsafe(text)
        return yaml.load(text, Loader=YAML_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = f": {error.problem}" if isinstance(error, RejectedYaml) else ""
        raise ContentError([Problem(path, mark.line + 1 if mark else 1, f"not valid YAML{reason}")]) from None
    except ValueError as error:  # a date or a number that there is not
        raise ContentError([Problem(path, 1, f"not valid YAML: {error}")]) from None


def _reject_unsafe(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=YAML_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise RejectedYaml("aliases (*) are not read", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING_DEPTH:
            raise RejectedYaml(f"more than {MAX_NESTING_DEPTH} levels", event)
