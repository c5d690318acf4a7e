"""Split entries into passages: the texts that are embedded and searched. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.entry import Entry

MAX_PASSAGE_LENGTH = 1_200  # about 400 tokens of German, below the encoder's 512
_SENTENCE_END = re.compile(r"(?<=[.!?:;…])[\"“”»)]*\s+|\n+")


class PassageKind(StrEnum):
    """What part of an entry a passage is; each kind is scored in its own way."""

    TEXT = "text"  # the whole entry, or as much as fits the encoder
    SENTENCE = "sentence"
    WINDOW = "window"  # two neighbouring sentences
    QUESTION = "question"  # an example question or the title
    MASKED = "bare"  # a question with the entry's name masked


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an entry. ``id`` is stable: <entry>/<lang>/<kind>/<number>."""

    id: str
    entry: str
    lang: str
    kind: PassageKind
    text: str


def extract_passages(entry: Entry) -> tuple[Passage, ...]:
    """Return all passages of an entry in a stable order."""
    return tuple(
        Passage(f"{entry.id}/{entry.lang}/{kind}/{number}", entry.id, entry.lang, kind, text)
        for kind, texts in _texts_by_kind(entry)
        for number, text in enumerate(texts)
    )


def _texts_by_kind(entry: Entry) -> Iterator[tuple[PassageKind, Sequence[str]]]:
    body = markdown_to_plain(entry.body)
    parts = split_text(body, MAX_PASSAGE_LENGTH)
    has_title = bool(entry.questions) or entry.layer != "document"
    yield PassageKind.TEXT, [f"{entry.title}. {part}" if has_title else part for part in parts]
    pieces = _sentence_passages(body)
    if pieces:
        yield PassageKind.SENTENCE, pieces
    if len(pieces) > 2:
        windows = sentence_windows(pieces)
        yield PassageKind.WINDOW, [part for window in windows for part in split_text(window, MAX_PASSAGE_LENGTH)]
    yield PassageKind.QUESTION, ([entry.title] if has_title else []) + list(entry.questions)


def _sentence_passages(body: str) -> list[str]:
    """Return the sentences of a plain text that are passages of their own; none if there is only one."""
    pieces = [piece for sentence in split_sentences(body) for piece in split_text(sentence, MAX_PASSAGE_LENGTH)]
    return pieces if len(pieces) > 1 else []


def split_sentences(text: str) -> list[str]:
    """Return the sentences and list items of a plain text."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip(" –\t")]


def sentence_windows(parts: Sequence[str]) -> list[str]:
    """Join each sentence with the next one."""
    return [f"{first} {second}" for first, second in pairwise(parts)]


def split_text(text: str, limit: int) -> list[str]:
    """Split text into parts of at most ``limit`` characters, at sentence ends if possible, else at blanks."""
    parts: list[str] = []
    current = ""
    for piece in _split_pieces(text, limit):
        if current and len(current) + len(piece) > limit:
            parts.append(current.strip())
            current = ""
        current += piece
    return [*parts, current.strip()] if current.strip() else parts


def _split_pieces(text: str, limit: int) -> Iterator[str]:
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


KINDS = tuple(PassageKind)
