"""YAML from files that anybody may have written: no aliases, no deep nesting, only plain values.

An alias can make a kilobyte stand for gigabytes, and nesting overflows the stack of libyaml's composer. Both are
found in the stream of events, which needs neither.
"""

from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import ContentError, Problem

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, where PyYAML has it
MAX_DEPTH = 20  # collections inside of one another; ours need five


class Refused(yaml.MarkedYAMLError):
    """Valid YAML that we do not read."""

    def __init__(self, problem: str, event: Any) -> None:
        super().__init__(problem=problem, problem_mark=event.start_mark)


def compose(text: str) -> yaml.Node | None:
    """The node of a text. Raises yaml.YAMLError where it is not valid, or has aliases or too deep a nesting."""
    _check(text)
    return yaml.compose(text, Loader=LOADER)


def load(path: Path, text: str) -> Any:
    """The values of a file's text. Raises ContentError with the line where it cannot be used."""
    try:
        _check(text)
        return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = f": {error.problem}" if isinstance(error, Refused) else ""
        raise ContentError([Problem(path, mark.line + 1 if mark else 1, f"not valid YAML{what}")]) from None
    except ValueError as error:  # a date or a number that there is not
        raise ContentError([Problem(path, 1, f"not valid YAML: {error}")]) from None


def _check(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise Refused("aliases (*) are not read", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise Refused(f"more than {MAX_DEPTH} levels", event)
