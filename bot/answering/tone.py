"""What a message says besides its question: who somebody is, or what worries them. Pure.

The words are content: see knowledge/understanding.yaml.
"""

import re
from dataclasses import dataclass

from index.search.follow_up import only_reacts
from index.text.analyzer import WORD_PATTERN
from index.text.phrases import find_phrase
from knowledge.records.discourse_markers import DiscourseMarkers

MAX_WORDS = 3  # behind "wir sind ein" to what somebody is: "ganz kleiner Sportverein"
MAX_WORDS_TO_ORGANISATION = 6  # behind "ich arbeite" to where: "seit zwei Jahren in einem Jugendzentrum"
MAX_WORDS_OF_SIGNATURE = 4  # "die Kita Sonnenschein hier"
MIN_QUESTION_WORDS = 2  # of a message behind an introduction
_CLAUSE_END = re.compile(r"[.,;:!?\n–]+")
_CLAUSE = re.compile(r"(?:[^.,;:!?\n–]|(?<=\d)[.,](?=\d))+[.,;:!?\n–]*")
_YES_OR_NO = re.compile(r"\A(?:Ja|Nein|Yes|No), (?!aber|but)")


@dataclass(frozen=True, slots=True)
class Tone:
    """How to take up a message.

    Attributes:
        organisation: what its writers say they are, in their own word: "Sportverein"; "" if unsaid.
        role: the same for somebody who speaks of themselves: "Lehrerin".
        introduces: whether they say who they are or where they belong: "bin im Vorstand eines Vereins".
        worries: whether it states a worry or an obstacle and asks nothing.
        asks: whether it is worded as a question that yes or no may answer; behind an introduction, as any question.
        exhausted: whether its writer is at the end of their strength and asks nothing.
        scolds: whether it has a word that scolds whoever answers.
        goes_on: whether the message before showed a worry or exhaustion, too.
    """

    organisation: str = ""
    role: str = ""
    introduces: bool = False
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
        return self.worries or (self.introduces and not self.asks)


def read_tone(message: str, markers: DiscourseMarkers, previous: str = "") -> Tone:
    """Return how to take up a message; ``markers`` are of its language, ``previous`` is the one before it."""
    words = WORD_PATTERN.findall(message.lower())
    has_question_mark = "?" in message
    is_question = has_question_mark or not markers.question_words.isdisjoint(words[:1])
    introductions = [
        _read_introduction(WORD_PATTERN.findall(clause), markers) for clause in _CLAUSE_END.split(message)
    ]
    introduced = [each for each in introductions if each]
    asked = WORD_PATTERN.findall(without_introduction(message, markers).lower()) if introduced else words
    beginnings = markers.asking | markers.question_words if introduced else markers.asking
    name = next((each.name for each in introduced if each.name), "")
    is_role = name.lower().endswith(tuple(markers.roles))
    return Tone(
        organisation="" if is_role else name,
        role=name if is_role else "",
        introduces=bool(introduced),
        worries=not is_question and _contains_pattern(message, markers.worrying),
        asks=has_question_mark or not beginnings.isdisjoint(asked[:1]),
        exhausted=not is_question and _contains_pattern(message, markers.exhausted),
        scolds=_contains_phrase(words, markers.scolding),
        goes_on=bool(previous) and read_tone(previous, markers).is_burdened,
    )


def without_introduction(message: str, markers: DiscourseMarkers) -> str:
    """Return a message without the greeting and introduction before its question; "" if nothing is left. Pure.

    "hi, bin neu im Rathaus, wo fang ich an" asks "wo fang ich an".
    """
    start = 0
    for clause in _CLAUSE.finditer(message):
        words = list(WORD_PATTERN.finditer(clause[0]))
        introduction = _read_introduction([word[0] for word in words], markers)
        if not introduction and words and not only_reacts(clause[0], markers):
            start = clause.start()
            break
        later = words[introduction.length :] if introduction else []
        question = next((word for word in later if word[0].lower() in markers.question_words | markers.joining), None)
        asks = (
            question is not None and question[0].lower() in markers.question_words
        )  # "und will was tun" asks nothing
        start = clause.start() + (question.start() if question and asks else len(clause[0]))
    rest = message[start:].strip()
    return rest if len(WORD_PATTERN.findall(rest)) >= MIN_QUESTION_WORDS else ""


def asks_for_example(message: str, markers: DiscourseMarkers) -> bool:
    """Return whether a message asks for an example and names no subject."""
    words = set(WORD_PATTERN.findall(message.lower()))
    fillers = markers.small_words | markers.example_fillers
    return not words.isdisjoint(markers.example_words) and words <= markers.example_words | fillers


def without_yes_or_no(text: str) -> str:
    """Return a text without the "Ja" or "Nein" at its beginning, which answers nothing if nobody asked."""
    rest = _YES_OR_NO.sub("", text)
    return rest if rest == text else rest[:1].upper() + rest[1:]


@dataclass(frozen=True, slots=True)
class _Introduction:
    """How a clause introduces its writer: what they are, "" if unsaid, and the number of words up to there."""

    name: str
    length: int


def _read_introduction(words: list[str], markers: DiscourseMarkers) -> _Introduction | None:
    """Return the introduction in the words of a clause; None if there is none."""
    lowered = [word.lower() for word in words]
    names = [number for number, word in enumerate(lowered) if _names_organisation(word, markers)]
    for start, end in ((start, start + length) for start in range(len(words)) for length in (3, 2, 1)):
        phrase = " ".join(lowered[start:end])
        if phrase in markers.naming and end < len(words):
            return _Introduction("", end + 1)
        near = [number for number in names if end <= number < end + MAX_WORDS_TO_ORGANISATION]
        if near and phrase in markers.introducing | markers.belonging:
            is_named = phrase in markers.introducing and near[0] < end + MAX_WORDS
            is_placed = not markers.placing.isdisjoint(lowered[end : near[0]])
            return _Introduction(_capitalise(words[near[0]]) if is_named and not is_placed else "", near[0] + 1)
    is_statement = (markers.question_words | markers.asking).isdisjoint(lowered[:1])
    if is_statement and names and lowered[-1] in markers.signing and len(words) <= MAX_WORDS_OF_SIGNATURE:
        return _Introduction(_capitalise(words[-2]) if names[-1] == len(words) - 2 else "", len(words))
    return None


def _capitalise(word: str) -> str:
    return word[:1].upper() + word[1:]


def _names_organisation(word: str, markers: DiscourseMarkers) -> bool:
    endings = (*markers.organisations, *markers.roles)
    return word.endswith(endings) or word.removesuffix("s").endswith(endings)


def _contains_phrase(words: list[str], phrases: frozenset[str]) -> bool:
    text = f" {' '.join(words)} "
    return any(f" {phrase} " in text for phrase in phrases)


def _contains_pattern(message: str, phrases: frozenset[str]) -> bool:
    """Return whether a clause has one of some phrases, in which "…" and "." mean what understanding.yaml says."""
    clauses = [WORD_PATTERN.findall(clause) for clause in _CLAUSE_END.split(message.lower())]
    return any(find_phrase(clause, phrase) is not None for phrase in phrases for clause in clauses)
