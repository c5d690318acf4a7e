"""What a message says besides its question: who somebody is, or what worries them. Pure.

The words are content: see knowledge/understanding.yaml.
"""

import re
from dataclasses import dataclass

from index.text.analyzer import WORD_PATTERN
from knowledge.records.discourse_markers import DiscourseMarkers

MAX_WORDS = 3  # behind "wir sind ein" to what somebody is: "ganz kleiner Sportverein"
_CLAUSE_END = re.compile(r"[.,;:!?\n–]+")
_SOME_WORDS = r"(?: \w+){0,3}"  # for "…" in a phrase
_YES_OR_NO = re.compile(r"\A(?:Ja|Nein|Yes|No), (?!aber|but)")


@dataclass(frozen=True, slots=True)
class Tone:
    """How to take up a message.

    Attributes:
        organisation: what its writers say they are, in their own word: "Sportverein"; "" if they do not say.
        worries: whether it states a worry or an obstacle and asks nothing.
        asks: whether it is worded as a question that yes or no may answer.
        exhausted: whether its writer is at the end of their strength and asks nothing.
        scolds: whether it has a word that scolds whoever answers.
        goes_on: whether the message before showed a worry or exhaustion, too.
    """

    organisation: str = ""
    worries: bool = False
    asks: bool = True
    exhausted: bool = False
    scolds: bool = False
    goes_on: bool = False

    @property
    def is_burdened(self) -> bool:
        """Whether its writer is worried or exhausted."""
        return self.worries or self.exhausted

    @property
    def tells(self) -> bool:
        """Whether it tells something and asks nothing, which no answer fits exactly."""
        return self.worries or (bool(self.organisation) and not self.asks)


def read_tone(message: str, markers: DiscourseMarkers, previous: str = "") -> Tone:
    """Return how to take up a message; ``markers`` are of its language, ``previous`` is the one before it."""
    words = WORD_PATTERN.findall(message.lower())
    has_question_mark = "?" in message
    is_question = has_question_mark or not markers.question_words.isdisjoint(words[:1])
    return Tone(
        organisation=_find_organisation(message, markers),
        worries=not is_question and _contains_phrase(words, markers.worrying),
        asks=has_question_mark or not markers.asking.isdisjoint(words[:1]),
        exhausted=not is_question and _contains_pattern(message, markers.exhausted),
        scolds=_contains_phrase(words, markers.scolding),
        goes_on=bool(previous) and read_tone(previous, markers).is_burdened,
    )


def asks_for_example(message: str, markers: DiscourseMarkers) -> bool:
    """Return whether a message asks for an example and names no subject."""
    words = set(WORD_PATTERN.findall(message.lower()))
    fillers = markers.small_words | markers.example_fillers
    return not words.isdisjoint(markers.example_words) and words <= markers.example_words | fillers


def without_yes_or_no(text: str) -> str:
    """Return a text without the "Ja" or "Nein" at its beginning, which answers nothing if nobody asked."""
    rest = _YES_OR_NO.sub("", text)
    return rest if rest == text else rest[:1].upper() + rest[1:]


def _find_organisation(message: str, markers: DiscourseMarkers) -> str:
    endings = tuple(markers.organisations)
    for clause in _CLAUSE_END.split(message):
        words = WORD_PATTERN.findall(clause)
        starts = [count for count in (2, 3) if " ".join(words[:count]).lower() in markers.introducing]
        named = (word for start in starts for word in words[start : start + MAX_WORDS])
        if name := next((word for word in named if word.lower().endswith(endings)), ""):
            return name[:1].upper() + name[1:]
    return ""


def _contains_phrase(words: list[str], phrases: frozenset[str]) -> bool:
    text = f" {' '.join(words)} "
    return any(f" {phrase} " in text for phrase in phrases)


def _contains_pattern(message: str, phrases: frozenset[str]) -> bool:
    """Return whether a clause has one of some phrases, in which "…" and "." mean what understanding.yaml says."""
    clauses = [" ".join(("", *WORD_PATTERN.findall(clause), ".")) for clause in _CLAUSE_END.split(message.lower())]
    patterns = [f" {re.escape(phrase)}(?!\\w)".replace("\\ …", _SOME_WORDS) for phrase in phrases]
    return any(re.search(pattern, clause) for pattern in patterns for clause in clauses)
