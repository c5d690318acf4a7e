"""Words by which a message refers to the previous answer, as lists by language in understanding.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from knowledge.parsing.strict_yaml import StrictYaml, strict_keys
from knowledge.parsing.text_file import read_text_file

MARKERS_FILE = "understanding.yaml"


def _check_lower_case(word: str) -> str:
    if word != word.lower():
        raise ValueError(f"'{word}' must be in lower case")
    return word


_Words = frozenset[Annotated[str, AfterValidator(_check_lower_case)]]


@strict_keys
@dataclass(frozen=True, slots=True)
class DiscourseMarkers:
    """The words of one language, in lower case; understanding.yaml explains each list."""

    leading: _Words
    pointing: _Words
    closing: _Words
    plain: _Words
    more: _Words
    asking: _Words


NO_MARKERS = DiscourseMarkers(*(frozenset[str]() for _ in fields(DiscourseMarkers)))


def read_markers(path: Path) -> Mapping[str, DiscourseMarkers]:
    """Read the lists by language; raise ContentError with every mistake."""
    return StrictYaml(path, read_text_file(path)).validate(dict[str, DiscourseMarkers])
