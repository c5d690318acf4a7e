"""Recognise by its words who writes of suicide, of violence that they suffer, or of an emergency. Pure.

The wordings are content: crisis.yaml says how they are written. A message is compared without what people in distress
leave out or get wrong: capitals, accents, the dots of umlauts, doubled letters, one letter of a long word.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

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
        harmless = "|".join(pattern for pattern, _ in self._read_wordings(signs.harmless))
        self._harmless = _compile(harmless or "(?!)")  # the latter matches nothing
        self._wordings = _WordingIndex(self._read_wordings(signs.signs))
        elements = {element for wording in signs.signs for element in wording.split()} - {GAP, SENTENCE_EDGE}
        words = sorted({word for element in elements for word in signs.alternatives(element)})
        self._beginnings = tuple(_normalise(word[:-1]) for word in words if word.endswith(ANY_ENDING))
        self._words = {_normalise(word) for word in words if not word.endswith(ANY_ENDING)}
        self._misspellings: dict[str, str] = {}
        for word in sorted(self._words):
            if len(word) >= MIN_TYPO_LENGTH:
                for shorter in _drop_each_letter(word):
                    self._misspellings.setdefault(shorter, word)

    def matches(self, words: Iterable[str]) -> bool:
        kept = [word for word in words if word not in self._fillers]
        patterns = self._wordings.find_possible(map(self._correct, kept))
        if not patterns:
            return False
        without_harmless = self._harmless.sub(_CUT, " ".join(kept))
        text = " ".join(map(self._correct, without_harmless.split()))
        return any(pattern.search(text) for pattern in patterns)

    def _correct(self, word: str) -> str:
        """Return the long word that a word differs from by one letter that is missing, added, wrong or moved."""
        if len(word) < MIN_TYPO_LENGTH - 1 or word in self._words or word.startswith(self._beginnings):
            return word
        for spelling in (word, *_drop_each_letter(word)):
            correct = spelling if spelling in self._words else self._misspellings.get(spelling, "")
            if len(correct) >= MIN_TYPO_LENGTH and correct[0] == word[0] and abs(len(correct) - len(word)) <= 1:
                return correct
        return word

    def _read_wordings(self, wordings: Collection[str]) -> Iterator[tuple[str, list[str]]]:
        """Yield the pattern of each wording, and the words of which it needs one.

        A wording that consists of fillers is left out: it would fit every message.
        """
        elements = {element for wording in wordings for element in wording.split()}
        element_words = {element: self._element_words(element) for element in elements}
        for wording in wordings:
            pattern, joint, needed_words = "", "", list[str]()
            for element in wording.split():
                if element == GAP:
                    joint = rf"(?: ,)?(?: [^ .,]+){{0,{MAX_GAP}}}(?: ,)? "
                elif element == SENTENCE_EDGE:
                    pattern += rf"{joint}(?:\.)"
                    joint = "(?: ,)? "
                elif words := element_words[element]:
                    pattern += f"{joint}(?:{'|'.join(map(_word_pattern, words))})"
                    joint = "(?: ,)? "
                    if not needed_words or len(words) < len(needed_words):
                        needed_words = words
            if needed_words:
                yield pattern, needed_words

    def _element_words(self, element: str) -> list[str]:
        """Return the words that an element stands for, without fillers, which are left out of messages too."""
        words = self._signs.alternatives(element)
        return [
            _normalise(word.rstrip(ANY_ENDING)) + (ANY_ENDING if word.endswith(ANY_ENDING) else "")
            for word in words
            if _normalise(word) not in self._fillers
        ]


class _WordingIndex:
    """Wordings by the words of which they need one: few are compared with a message, and few are ever compiled."""

    def __init__(self, wordings: Iterable[tuple[str, list[str]]]) -> None:
        self._by_word: dict[str, list[str]] = {}
        self._by_beginning: dict[str, list[str]] = {}
        self._compiled: dict[str, re.Pattern[str]] = {}
        for pattern, needed_words in wordings:
            for word in needed_words:
                by_key = self._by_beginning if word.endswith(ANY_ENDING) else self._by_word
                by_key.setdefault(word.rstrip(ANY_ENDING), []).append(pattern)
        lengths = [len(beginning) for beginning in self._by_beginning]
        self._shortest, self._longest = min(lengths, default=0), max(lengths, default=0)

    def find_possible(self, words: Iterable[str]) -> list[re.Pattern[str]]:
        """Return the patterns of the wordings that a message with these words may contain."""
        found = {pattern for word in words for pattern in self._find_by_word(word)}
        return [self._compiled.get(pattern) or self._compile(pattern) for pattern in found]

    def _find_by_word(self, word: str) -> Iterator[str]:
        yield from self._by_word.get(word, ())
        for length in range(self._shortest, min(len(word), self._longest) + 1):
            yield from self._by_beginning.get(word[:length], ())

    def _compile(self, pattern: str) -> re.Pattern[str]:
        self._compiled[pattern] = _compile(pattern)
        return self._compiled[pattern]


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{pattern})(?!\S)")


def _word_pattern(word: str) -> str:
    return re.escape(word.rstrip(ANY_ENDING)) + ("[^ .,]*" if word.endswith(ANY_ENDING) else "")


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
    plain = _APOSTROPHES.sub("", text.casefold())
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        visible = "".join(char for char in decomposed if unicodedata.category(char) not in ("Mn", "Me", "Cf"))
        plain = visible.translate(_LETTER_VARIANTS)
    return _REPEATED_LETTER.sub(r"\1", _UMLAUT_SPELLINGS.sub(r"\1", plain))


def _drop_each_letter(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1 :] for index in range(len(word)))
