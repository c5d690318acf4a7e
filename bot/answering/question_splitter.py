"""One message -> the questions in it. Pure.

A question ends with its mark, or is a line of its own that begins as questions begin. Statements belong to the
question after them, those at the end to the last.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.records.discourse_markers import Markers

MOST_SENTENCES = 24  # of a message that are looked at one by one; a pasted page is not taken apart
SHORT = 8  # words; a longer sentence is no mere courtesy
_ITEM = re.compile(r"\A(?:\d{1,2}[.)]|[-–•*])\s+")
_INLINE = re.compile(r"(?<!\S)(\d)[.)]\s+(?=\w)")
_END = re.compile(r"(?:(?<=[!?…؟])|(?<=[!?.…؟][\"'»“”)])|(?<=[^\W\d_]{2}\.))\s+")
_QUESTION = re.compile(r"[?؟][\W_]*$")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a message. ``asks``: it is a question."""

    text: str
    asks: bool

    @property
    def words(self) -> list[str]:
        """Its words in lower case."""
        return _WORD.findall(self.text.lower())


def questions(text: str, markers: Markers, is_courtesy: Callable[[str], bool]) -> list[str]:
    """The questions of a message in order, each once; the message itself where it holds no more than one sentence.

    Greetings, thanks and the like are left out, as ``is_courtesy`` judges each short sentence that asks nothing.
    """
    found = list(sentences(text, markers))
    if not 1 < len(found) <= MOST_SENTENCES:
        return [text]
    meant = [one for one in found if one.asks or len(one.words) > SHORT or not is_courtesy(one.text)]
    if not meant:
        return [text]
    parts = _with_their_statements(meant, markers)
    if len(parts) == 1 and meant == found:
        return [text]
    return list({part.casefold(): part for part in reversed(parts)}.values())[::-1]


def sentences(text: str, markers: Markers) -> Iterator[Sentence]:
    """The sentences of a message, without the numbers and bullets of a list; repeated ones once."""
    lines = [(line, _ITEM.sub("", line, count=1).strip()) for line in _lines(text)]
    begin = [_begins_as_question(line, markers) for _, line in lines]
    seen = set()
    for (raw, line), asks in zip(lines, begin, strict=True):
        own_line = len(lines) > 1 and asks and (raw != line or not line[0].islower() or all(begin))
        cut = [part.strip() for part in _END.split(line) if _WORD.search(part)]
        for number, part in enumerate(cut):
            key = part.casefold()
            if key not in seen:
                seen.add(key)
                yield Sentence(part, bool(_QUESTION.search(part)) or (own_line and number == len(cut) - 1))


def _lines(text: str) -> list[str]:
    numbers = list(_INLINE.finditer(text))
    counted = [int(match[1]) for match in numbers] == list(range(1, len(numbers) + 1))
    if counted and len(numbers) > 1 and text[: numbers[0].start()].rstrip()[-1:] in ("", ":", ".", "?", "!"):
        starts = [match.start() for match in numbers]
        text = "\n".join(text[a:b] for a, b in zip([0, *starts], [*starts, len(text)], strict=True))
    return [line.strip() for line in text.splitlines() if _WORD.search(line)]


def _begins_as_question(line: str, markers: Markers) -> bool:
    words = _WORD.findall(line.lower())[:2]
    if words and words[0] in markers.leading:
        words = words[1:]
    return bool(words) and words[0] in markers.asking


def _with_their_statements(found: Sequence[Sentence], markers: Markers) -> list[str]:
    parts: list[list[str]] = []
    waiting: list[str] = []
    for sentence in found:
        if sentence.asks and parts and not waiting and _adds_to_it(sentence, markers):
            parts[-1].append(sentence.text)
        elif sentence.asks:
            parts.append([*waiting, sentence.text])
            waiting = []
        else:
            waiting.append(sentence.text)
    if not parts:
        return [" ".join(waiting)]
    parts[-1] += waiting
    return [" ".join(part) for part in parts]


def _adds_to_it(sentence: Sentence, markers: Markers) -> bool:
    """Whether a question is but an "oder?" or "und wenn ja, wie?" to the one before."""
    return len(sentence.words) <= 2 and all(
        word in markers.leading | markers.plain | markers.closing for word in sentence.words
    )
