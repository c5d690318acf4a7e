"""How a message shows that it leans on the last answer: lists of words by language, kept as content."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import load
from knowledge.parsing.text_file import read_text

MARKERS = "understanding.yaml"


@dataclass(frozen=True, slots=True)
class Markers:
    """The words of one language, lower case; understanding.yaml says what each list is."""

    leading: frozenset[str]
    pointing: frozenset[str]
    closing: frozenset[str]
    plain: frozenset[str]
    more: frozenset[str]
    asking: frozenset[str]


NONE = Markers(*(frozenset[str]() for _ in fields(Markers)))


@cache
def house_markers() -> Mapping[str, Markers]:
    """The house's own lists by language."""
    return read_markers(Path(__file__).parents[1] / MARKERS)


def read_markers(path: Path) -> Mapping[str, Markers]:
    """The lists by language. Raises ContentError for a file of another form."""
    data = load(path, read_text(path))
    if not isinstance(data, dict):
        raise ContentError([Problem(path, 1, "expected lists of words by language")])
    problems = [
        Problem(path, 1, f"{lang}: {problem}") for lang, lists in data.items() for problem in _problems(lists)
    ]
    if problems:
        raise ContentError(problems)
    return {
        lang: Markers(**{name: frozenset(found) for name, found in lists.items()}) for lang, lists in data.items()
    }


def _problems(lists: object) -> list[str]:
    names = {field.name for field in fields(Markers)}
    if not isinstance(lists, dict) or set(lists) != names:
        return [f"the keys must be {', '.join(sorted(names))}"]
    return [
        f"'{name}' must be a list of words in lower case; {word!r} is none (put yes, no, on, off in quotation marks)"
        for name, found in lists.items()
        for word in (found if isinstance(found, list) else [found])
        if not isinstance(word, str) or word != word.lower()
    ]
