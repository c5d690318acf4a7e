"""Recognise by its words who writes of suicide, of violence that they suffer, or of an emergency. Pure.

The wordings are content: crisis.yaml says how they are written. A message is compared without what people in distress
leave out or get wrong: capitals, accents, the dots of umlauts, doubled letters, one letter of a long word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from knowledge.errors import Problem
from knowledge.loader import Knowledge
from knowledge.records.crisis_signs import ANY_ENDING, CRISIS_FILE, GAP, SENTENCE_EDGE, CrisisSigns

MAX_GAP = 4  # words that "..." stands for, at most
MIN_TYPO_LENGTH = 6  # letters of a word that may have one wrong; shorter ones become other words too easily
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_LETTER_VARIANTS = str.maketrans("ıłøґىةی", "iloгيهي", "\N{ARABIC TATWEEL}")
_UMLAUT_SPELLINGS = re.compile(r"([aou])e")
_REPEATED_LETTER = re.compile(r"([^\W\d])\1+")
_WORD_OR_EDGE = re.compile(r"(?P<word>[^\W_]+)|(?<=\w)-(?=\w)|(?P<comma>[,،])|[ \t\xa0\"„“”«»()_]+|(?P<edge>.)", re.S)
_COMMA = ","
_CUT = "~"  # stands for a harmless wording that was cut out


class CrisisDetector:
    """Compares messages with the wordings of all languages."""

    def __init__(self, signs: Mapping[str, CrisisSigns]) -> None:
        self._languages = {lang: _Language(language_signs) for lang, language_signs in signs.items()}

    def find_language(self, text: str) -> str:
        """Return the language of the first wording that a message contains; "" if it contains none."""
        words = list(_split_words(text))
        return next((lang for lang, language in self._languages.items() if language.matches(words)), "")


def find_false_alarms(knowledge: Knowledge) -> Iterator[Problem]:
    """Yield each example question of an entry, and phrase of an intent, that is taken for a call for help."""
    detectors = {lang: CrisisDetector({lang: signs}) for lang, signs in knowledge.crisis_signs.items()}
    questions = [(entry.lang, question) for entry in knowledge.entries for question in entry.questions]
    phrases = [phrase for intent in knowledge.intents for phrase in intent.phrases]
    for lang, text in (*questions, *phrases):
        if lang in detectors and detectors[lang].find_language(text):
            yield Problem.of(knowledge.folder / CRISIS_FILE, 0, "crisis_alarm", value=text, lang=lang)


class _Language:
    def __init__(self, signs: CrisisSigns) -> None:
        self._signs = signs
        self._fillers = frozenset(map(_normalise, signs.fillers))
        self._harmless = self._compile(signs.harmless)
        self._wordings = self._compile(signs.signs)
        elements = {element for wording in signs.signs for element in wording.split()} - {GAP, SENTENCE_EDGE}
        words = sorted({word for element in elements for word in signs.alternatives(element)})
        self._beginnings = tuple(_normalise(word[:-1]) for word in words if word.endswith(ANY_ENDING))
        self._words = {_normalise(word) for word in words if not word.endswith(ANY_ENDING)}
        keys = [piece for wording in signs.signs for piece in self._key_words(wording)]
        self._keys = {word for word in keys if not word.endswith(ANY_ENDING)}
        self._key_beginnings = tuple({word.rstrip(ANY_ENDING) for word in keys if word.endswith(ANY_ENDING)})
        self._misspellings: dict[str, str] = {}
        for word in sorted(self._words):
            if len(word) >= MIN_TYPO_LENGTH:
                for shorter in _drop_each_letter(word):
                    self._misspellings.setdefault(shorter, word)

    def matches(self, words: Iterable[str]) -> bool:
        kept = [word for word in words if word not in self._fillers]
        if not any(map(self._is_key, map(self._correct, kept))):
            return False
        without_harmless = self._harmless.sub(_CUT, " ".join(kept))
        return bool(self._wordings.search(" ".join(map(self._correct, without_harmless.split()))))

    def _key_words(self, wording: str) -> list[str]:
        """Return the alternatives of a wording's longest element; no message fits without one of them."""
        elements = (self._alternatives(element) for element in wording.split() if element not in (GAP, SENTENCE_EDGE))
        return max(filter(None, elements), key=lambda words: min(map(len, words)), default=[])

    def _is_key(self, word: str) -> bool:
        return word in self._keys or word.startswith(self._key_beginnings)

    def _correct(self, word: str) -> str:
        """Return the long word that a word differs from by one letter that is missing, added, wrong or moved."""
        if len(word) < MIN_TYPO_LENGTH - 1 or word in self._words or word.startswith(self._beginnings):
            return word
        for spelling in (word, *_drop_each_letter(word)):
            correct = spelling if spelling in self._words else self._misspellings.get(spelling, "")
            if len(correct) >= MIN_TYPO_LENGTH and correct[0] == word[0] and abs(len(correct) - len(word)) <= 1:
                return correct
        return word

    def _compile(self, wordings: Iterable[str]) -> re.Pattern[str]:
        patterns = "|".join(filter(None, map(self._wording_pattern, wordings))) or "(?!)"  # matches nothing
        return re.compile(rf"(?<!\S)(?:{patterns})(?!\S)")

    def _wording_pattern(self, wording: str) -> str:
        """Return the pattern of a wording; "" if it consists of fillers, which would fit every message."""
        pattern, joint, has_words = "", "", False
        for element in wording.split():
            if element == GAP:
                joint = rf"(?: ,)?(?: [^ .,]+){{0,{MAX_GAP}}}(?: ,)? "
            elif pieces := self._element_pieces(element):
                pattern += f"{joint}(?:{'|'.join(pieces)})"
                joint, has_words = "(?: ,)? ", has_words or element != SENTENCE_EDGE
        return pattern if has_words else ""

    def _element_pieces(self, element: str) -> list[str]:
        """Return the patterns of an element; none if it consists of fillers, which are left out of messages too."""
        if element == SENTENCE_EDGE:
            return [r"\."]
        return [re.escape(word).replace(r"\*", "[^ .,]*") for word in self._alternatives(element)]

    def _alternatives(self, element: str) -> list[str]:
        """Return the normalised words of an element, some with any ending, without fillers."""
        return [word for word in map(_normalise, self._signs.alternatives(element)) if word not in self._fillers]


def _split_words(text: str) -> Iterator[str]:
    """Yield the normalised words and commas of a text, with an edge before, between and after its sentences."""
    yield SENTENCE_EDGE
    at_edge = True
    for match in _WORD_OR_EDGE.finditer(_normalise(text)):
        if match["word"]:
            yield match["word"]
            at_edge = False
        elif match["comma"]:
            yield _COMMA
        elif match["edge"] and not at_edge:
            yield SENTENCE_EDGE
            at_edge = True
    if not at_edge:
        yield SENTENCE_EDGE


def _normalise(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text.casefold()))
    visible = "".join(char for char in decomposed if unicodedata.category(char) not in ("Mn", "Me", "Cf"))
    umlauts = _UMLAUT_SPELLINGS.sub(r"\1", visible.translate(_LETTER_VARIANTS))
    return _REPEATED_LETTER.sub(r"\1", umlauts)


def _drop_each_letter(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1 :] for index in range(len(word)))
