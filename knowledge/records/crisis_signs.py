"""Wordings of people who need help at once, by language in crisis.yaml, which explains how they are written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from knowledge.parsing.strict_yaml import StrictYaml, Text, invalid, strict_keys
from knowledge.parsing.text_file import parsed_once

CRISIS_FILE = "crisis.yaml"
GAP, SENTENCE_EDGE, LIST_MARK, ANY_ENDING = "...", ".", "@", "*"
_WORD = r"[^\W_][\w'’]*\*?"
_ALTERNATIVE = rf"(?:@\w+|{_WORD})"
_ELEMENT = re.compile(rf"\.\.\.|\.|{_ALTERNATIVE}(?:/{_ALTERNATIVE})*")


def _check_word(word: str) -> str:
    if not re.fullmatch(_WORD, word):
        raise invalid("one_word", value=word)
    return word


def _check_wording(wording: str) -> str:
    elements = wording.split()
    for element in elements:
        if not _ELEMENT.fullmatch(element):
            raise invalid("crisis_element", element=element, value=wording)
    if all(element in (GAP, SENTENCE_EDGE) for element in elements) or GAP in (elements[0], elements[-1]):
        raise invalid("crisis_gap", value=wording)
    return wording


_Word = Annotated[str, AfterValidator(_check_word)]
_Wording = Annotated[Text, AfterValidator(_check_wording)]


@strict_keys
@dataclass(frozen=True, slots=True)
class CrisisSigns:
    """The wordings of one language, as written in crisis.yaml, which explains each key."""

    fillers: frozenset[_Word]
    lists: dict[str, tuple[_Word, ...]]
    harmless: tuple[_Wording, ...]
    signs: Annotated[tuple[_Wording, ...], Field(min_length=1)]

    def __post_init__(self) -> None:
        for wording in (*self.harmless, *self.signs):
            if {word.casefold() for word in wording.split()} - {GAP, SENTENCE_EDGE} <= self.fillers:
                raise invalid("crisis_fillers", value=wording)
            for name in re.findall(r"@(\w+)", wording):
                if name not in self.lists:
                    raise invalid("crisis_list", value=wording, name=name)

    def alternatives(self, element: str) -> Iterator[str]:
        """Yield the words of one element of a wording, those of lists among them."""
        for part in element.split("/"):
            yield from self.lists[part[1:]] if part.startswith(LIST_MARK) else (part,)


def parse_crisis_signs(path: Path, text: str) -> Mapping[str, CrisisSigns]:
    """Return the wordings by language; raise ContentError with every mistake."""
    return StrictYaml(path, text).validate(dict[str, CrisisSigns])


read_crisis_signs = parsed_once(parse_crisis_signs)
