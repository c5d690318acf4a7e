"""Entry -> passages: the pieces of text that are embedded and searched. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from knowledge.parsing.plain_text import plain
from knowledge.records.entry import Entry

MAX_CHARACTERS = 1_200  # about 400 tokens of German, below the encoder's 512
_SENTENCE_END = re.compile(r"(?<=[.!?:;…])[\"“”»)]*\s+|\n+")


class Kind(StrEnum):
    """What a passage is; each kind votes for its entry in its own way."""

    TEXT = "text"  # the whole entry, or a part that fits the encoder
    SENTENCE = "sentence"
    WINDOW = "window"  # two neighbouring sentences
    QUESTION = "question"  # an example question or the title
    BARE = "bare"  # the same without the entry's name


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an entry. ``id`` is stable: <entry>/<lang>/<kind>/<number>."""

    id: str
    entry: str
    lang: str
    kind: Kind
    text: str


def passages(entry: Entry) -> tuple[Passage, ...]:
    """All passages of an entry, in a stable order."""
    return tuple(
        Passage(f"{entry.id}/{entry.lang}/{kind}/{number}", entry.id, entry.lang, kind, text)
        for kind, texts in _texts(entry)
        for number, text in enumerate(texts)
    )


def _texts(entry: Entry) -> Iterator[tuple[Kind, Sequence[str]]]:
    body = plain(entry.body)
    parts = split(body, MAX_CHARACTERS)
    titled = bool(entry.questions) or entry.layer != "document"
    yield Kind.TEXT, [f"{entry.title}. {part}" if titled else part for part in parts]
    found = [piece for sentence in sentences(body) for piece in split(sentence, MAX_CHARACTERS)]
    if len(found) > 1:
        yield Kind.SENTENCE, found
    if len(found) > 2:
        yield Kind.WINDOW, [part for window in windows(found) for part in split(window, MAX_CHARACTERS)]
    yield Kind.QUESTION, ([entry.title] if titled else []) + list(entry.questions)


def sentences(text: str) -> list[str]:
    """The sentences and list items of a plain text."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip(" –\t")]


def windows(parts: Sequence[str]) -> list[str]:
    """Every two neighbouring sentences as one text."""
    return [f"{first} {second}" for first, second in pairwise(parts)]


def split(text: str, limit: int) -> list[str]:
    """Cut a text into parts of at most ``limit`` characters, at sentences where possible, else at blanks."""
    parts: list[str] = []
    current = ""
    for piece in _pieces(text, limit):
        if current and len(current) + len(piece) > limit:
            parts.append(current.strip())
            current = ""
        current += piece
    return [*parts, current.strip()] if current.strip() else parts


def _pieces(text: str, limit: int) -> Iterator[str]:
    start = 0
    for match in [*_SENTENCE_END.finditer(text), None]:
        end = match.end() if match else len(text)
        sentence = text[start:end]
        start = end
        while len(sentence) > limit:
            cut = sentence.rfind(" ", 1, limit) + 1 or limit
            yield sentence[:cut]
            sentence = sentence[cut:]
        if sentence:
            yield sentence


KINDS = tuple(Kind)
