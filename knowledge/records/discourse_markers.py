"""Words that show how a message is meant, as lists by language in understanding.yaml.

They show whether it leans on the previous answer or changes the subject, where a question begins, and in which
language it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from knowledge.parsing.strict_yaml import StrictYaml, invalid, strict_keys
from knowledge.parsing.text_file import parsed_once

MARKERS_FILE = "understanding.yaml"


def _check_lower_case(word: str) -> str:
    if word != word.lower():
        raise invalid("lower_case", value=word)
    return word


_Words = frozenset[Annotated[str, AfterValidator(_check_lower_case)]]


@strict_keys
@dataclass(frozen=True, slots=True)
class DiscourseMarkers:
    """The words of one language, in lower case; understanding.yaml explains each list."""

    leading: _Words
    changing: _Words
    pointing: _Words
    closing: _Words
    plain: _Words
    more: _Words
    reacting: _Words
    question_words: _Words
    asking: _Words
    joining: _Words
    small: _Words
    introducing: _Words = frozenset()
    organisations: _Words = frozenset()
    roles: _Words = frozenset()
    belonging: _Words = frozenset()
    naming: _Words = frozenset()
    placing: _Words = frozenset()
    signing: _Words = frozenset()
    worrying: _Words = frozenset()
    example_words: _Words = frozenset()
    example_fillers: _Words = frozenset()
    places: _Words = frozenset()
    exhausted: _Words = frozenset()
    scolding: _Words = frozenset()
    starting: tuple[str, ...] = field(default=(), kw_only=True)
    doubting: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)

    @property
    def small_words(self) -> frozenset[str]:
        """All words that hardly carry meaning, and so tell the language of a text whatever it is about."""
        lists = (self.leading, self.pointing, self.closing, self.plain, self.question_words, self.asking, self.small)
        return frozenset(word for words in lists for phrase in words for word in phrase.split())


NO_MARKERS = DiscourseMarkers(*(frozenset[str]() for item in fields(DiscourseMarkers) if not item.kw_only))


@parsed_once
def read_markers(path: Path, text: str) -> Mapping[str, DiscourseMarkers]:
    """Read the lists by language; raise ContentError with every mistake."""
    return StrictYaml(path, text).validate(dict[str, DiscourseMarkers])
