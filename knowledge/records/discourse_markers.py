"""How a message shows that it leans on the last answer: lists of words by language, kept as content."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import load_yaml
from knowledge.parsing.text_file import read_text_file

MARKERS_FILE = "understanding.yaml"


@dataclass(frozen=True, slots=True)
class DiscourseMarkers:
    """The words of one language, lower case; understanding.yaml says what each list is."""

    leading: frozenset[str]
    pointing: frozenset[str]
    closing: frozenset[str]
    plain: frozenset[str]
    more: frozenset[str]
    asking: frozenset[str]


NO_MARKERS = DiscourseMarkers(*(frozenset[str]() for _ in fields(DiscourseMarkers)))


@cache
def builtin_markers() -> Mapping[str, DiscourseMarkers]:
    """The house's own lists by language."""
    return read_markers(Path(__file__).parents[1] / MARKERS_FILE)


def read_markers(path: Path) -> Mapping[str, DiscourseMarkers]:
    """The lists by language. Raises ContentError for a file of another form."""
    data = load_yaml(path, read_text_file(path))
    if not isinstance(data, dict):
        raise ContentError([Problem(path, 1, "expected lists of words by language")])
    problems = [
        Problem(path, 1, f"{lang}: {problem}") for lang, lists in data.items() for problem in _find_problems(lists)
    ]
    if problems:
        raise ContentError(problems)
    return {
        lang: DiscourseMarkers(**{name: frozenset(words) for name, words in lists.items()})
        for lang, lists in data.items()
    }


def _find_problems(lists: object) -> list[str]:
    names = {field.name for field in fields(DiscourseMarkers)}
    if not isinstance(lists, dict) or set(lists) != names:
        return [f"the keys must be {', '.join(sorted(names))}"]
    return [
        f"'{name}' must be a list of words in lower case; {word!r} is none (put yes, no, on, off in quotation marks)"
        for name, words in lists.items()
        for word in (words if isinstance(words, list) else [words])
        if not isinstance(word, str) or word != word.lower()
    ]
