"""Texts typed where a question has buttons: which of its options they mean."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from bot.answering.language import SUPPORTED_LANGUAGES
from prompts.render import format_label

UMLAUT_SPELLINGS = {"ae": "a", "oe": "o", "ue": "u"}  # on keyboards without umlauts
MIN_HEAD_LENGTH = 6  # letters of a word that also counts at the end of a compound: "Sportverein"
MIN_INFLECTED_LENGTH = 4  # letters of a word that also counts with an ending
ENDINGS = ("", "e", "en", "n", "s", "es")


def normalise_words(written: str) -> str:
    """Reduce a text to its letters and digits, ignoring case, accents and courtesies."""
    return "".join(_content_words(written))


def find_option(phrases: Iterable[tuple[str, str]], written: str) -> str | None:
    """Return the option of which a wording is the whole text; None if there is none.

    Args:
        phrases: wordings, each with its option.
    """
    plain = normalise_words(written)
    return next((option for phrase, option in phrases if normalise_words(phrase) == plain), None) if plain else None


def find_named_option(phrases: Iterable[tuple[str, str]], written: str) -> str | None:
    """Return the only option that a sentence names; None if it names none or several, or denies something."""
    if _words_of("typed_negations").intersection(_fold_words(written)):
        return None
    words = _content_words(written)
    named = {option for phrase, option in phrases if _names(words, _content_words(phrase))}
    return named.pop() if len(named) == 1 else None


def _names(words: Sequence[str], phrase: Sequence[str]) -> bool:
    if len(phrase) == 1 and len(phrase[0]) >= MIN_INFLECTED_LENGTH:
        inflected = tuple(phrase[0] + ending for ending in ENDINGS)
        return any(
            word.endswith(inflected) if len(phrase[0]) >= MIN_HEAD_LENGTH else word in inflected for word in words
        )
    starts = range(len(words) - len(phrase) + 1)
    return bool(phrase) and any(list(words[start : start + len(phrase)]) == list(phrase) for start in starts)


def _content_words(written: str) -> list[str]:
    folded = _fold_words(written)
    return [word for word in folded if word not in _words_of("typed_fillers")] or folded


def _fold_words(written: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", written.casefold())
    folded = "".join(character for character in decomposed if not unicodedata.combining(character))
    for spelled, letter in UMLAUT_SPELLINGS.items():
        folded = folded.replace(spelled, letter)
    return re.findall(r"[^\W_]+", folded)


@cache
def _words_of(label: str) -> frozenset[str]:
    """Return the words of a label in all languages of the bot."""
    return frozenset(_fold_words(" ".join(format_label(label, lang) for lang in SUPPORTED_LANGUAGES)))
