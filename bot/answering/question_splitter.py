"""Split a message into its questions. Pure.

A question ends with a question mark, or is a separate line that starts like a question; two can be joined by "und".
Statements belong to the question after them; statements at the end belong to the last question.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.text.analyzer import WORD_PATTERN
from knowledge.records.discourse_markers import DiscourseMarkers

MAX_SENTENCES = 24  # a message with more is a pasted page and is not split
MIN_JOINED_WORDS = 2  # of a question after "und"; "Wer macht mit und wie?" is one question
MAX_SMALL_TALK_WORDS = 8  # a longer sentence is not just small talk
_LIST_ITEM = re.compile(r"\A(?:\d{1,2}[.)]|[-–•*])\s+")
_INLINE_NUMBER = re.compile(r"(?<!\S)(\d)[.)]\s+(?=\w)")
_SENTENCE_END = re.compile(r"(?:(?<=[!?…؟])|(?<=[!?.…؟][\"'»“”)])|(?<=[^\W\d_]{2}\.))\s+")
_QUESTION_MARK = re.compile(r"[?؟][\W_]*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a message."""

    text: str
    is_question: bool

    @property
    def words(self) -> list[str]:
        """Its words, in lower case."""
        return WORD_PATTERN.findall(self.text.lower())


def split_questions(text: str, markers: DiscourseMarkers, is_small_talk: Callable[[str], bool]) -> list[str]:
    """Return the questions of a message in order, without duplicates; the whole message if it can't be split.

    ``is_small_talk`` judges each short sentence that is not a question; greetings, thanks and the like are left out.
    """
    all_sentences = list(split_sentences(text, markers))
    if not 1 < len(all_sentences) <= MAX_SENTENCES:
        return [text]
    relevant = [
        sentence
        for sentence in all_sentences
        if sentence.is_question or len(sentence.words) > MAX_SMALL_TALK_WORDS or not is_small_talk(sentence.text)
    ]
    if not relevant:
        return [text]
    parts = _attach_statements(relevant, markers)
    if len(parts) == 1 and relevant == all_sentences:
        return [text]
    return list({part.casefold(): part for part in reversed(parts)}.values())[::-1]


def split_sentences(text: str, markers: DiscourseMarkers) -> Iterator[Sentence]:
    """Yield the sentences of a message, without list numbers and bullets; repeated ones once."""
    lines = [(line, _LIST_ITEM.sub("", line, count=1).strip()) for line in _split_lines(text)]
    starts_questions = [begins_as_question(line, markers) for _, line in lines]
    seen = set()
    for (raw, line), starts in zip(lines, starts_questions, strict=True):
        is_own_line = len(lines) > 1 and starts and (raw != line or not line[0].islower() or all(starts_questions))
        sentences = (piece.strip() for piece in _SENTENCE_END.split(line) if WORD_PATTERN.search(piece))
        pieces = [piece for sentence in sentences for piece in _split_joined(sentence, markers)]
        for number, piece in enumerate(pieces):
            key = piece.casefold()
            if key not in seen:
                seen.add(key)
                ends_line = is_own_line and number == len(pieces) - 1
                yield Sentence(piece, ends_line or bool(_QUESTION_MARK.search(piece)))


def _split_lines(text: str) -> list[str]:
    numbers = list(_INLINE_NUMBER.finditer(text))
    is_enumeration = [int(match[1]) for match in numbers] == list(range(1, len(numbers) + 1))
    if is_enumeration and len(numbers) > 1 and text[: numbers[0].start()].rstrip()[-1:] in ("", ":", ".", "?", "!"):
        starts = [match.start() for match in numbers]
        text = "\n".join(text[start:end] for start, end in zip([0, *starts], [*starts, len(text)], strict=True))
    return [line.strip() for line in text.splitlines() if WORD_PATTERN.search(line)]


def _split_joined(sentence: str, markers: DiscourseMarkers) -> Iterator[str]:
    """Yield the questions of a sentence that joins them, each with a question mark; else the sentence as it is."""
    words = list(WORD_PATTERN.finditer(sentence))
    start = first = 0  # of the current question: its position in the sentence, its first word
    for number in range(1, len(words) - MIN_JOINED_WORDS):
        is_joint = words[number][0].lower() in markers.joining
        if (
            is_joint
            and words[number + 1][0].lower() in markers.question_words
            and number - first > MIN_JOINED_WORDS
            and begins_as_question(sentence[start:], markers)
        ):
            yield sentence[start : words[number].start()].rstrip(" ,;") + "?"
            start, first = words[number + 1].start(), number + 1
    yield f"{sentence[start:].rstrip('?.! ')}?" if start else sentence


def begins_as_question(line: str, markers: DiscourseMarkers) -> bool:
    """Return whether a line begins as questions do, with or without a question mark at its end."""
    words = WORD_PATTERN.findall(line.lower())[:2]
    if words and words[0] in markers.leading:
        words = words[1:]
    return bool(words) and words[0] in markers.question_words | markers.asking


def _attach_statements(sentences: Sequence[Sentence], markers: DiscourseMarkers) -> list[str]:
    parts: list[list[str]] = []
    pending: list[str] = []
    for sentence in sentences:
        if sentence.is_question and parts and not pending and _continues_question(sentence, markers):
            parts[-1].append(sentence.text)
        elif sentence.is_question:
            parts.append([*pending, sentence.text])
            pending = []
        else:
            pending.append(sentence.text)
    if not parts:
        return [" ".join(pending)]
    parts[-1] += pending
    return [" ".join(part) for part in parts]


def _continues_question(sentence: Sentence, markers: DiscourseMarkers) -> bool:
    """Return whether it only continues the question before it, like "oder?" or "und wenn ja, wie?"."""
    return len(sentence.words) <= 2 and set(sentence.words) <= markers.leading | markers.plain | markers.closing
