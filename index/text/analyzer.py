"""Turn text into the terms of the lexical index: case-folded, stemmed, without stop words. Pure.

Förderung, Foerderung and forderung become the same term, and so do Partner*innen, Partner:innen and Partnerinnen.
Stemmer: Snowball (PyStemmer), whose German rules read ae, oe, ue as umlauts.
"""

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

STEM_CACHE_SIZE = 8_192  # stems; few words make up most of a text
WORD_PATTERN = re.compile(r"[^\W_]+")
_GENDER_MARKER = re.compile(r"(?<=\w)(?:[*:_]|/-?)\s?(?=inn?(?:en)?\b)", re.I)
SNOWBALL_ALGORITHMS = {  # by language; PostgreSQL's text search configurations have the same names
    "de": "german",
    "en": "english",
    "fr": "french",
    "es": "spanish",
    "ru": "russian",
    "tr": "turkish",
}
_STOP_WORDS = {
    "de": """
        ab aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist bitte da damit dann
        das dass dein dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein
        eine einem einen einer eines er es etwas euch euer für gab geben gibt habe haben hat hatte hier hin ich ihm
        ihn ihnen ihr ihre ihrem ihren ihrer im in ist ja jetzt kann kannst können könnte man mein meine mich mir mit
        muss müssen nach nicht noch nun nur ob oder ohne sagen sehr sein seine sich sie sind so soll sollen sollte
        sowas über um und uns unser unsere viel viele vom von vor war waren warum was weil weiter
        welche welchen welcher welches
        wenn wer werden wie wieso wieviel will wir wird wo wofür woher wohin womit worum wozu würde zu zum zur
        eigentlich mal halt eben überhaupt genau heißt bedeutet meint machen macht tun
    """,
    "en": """
        a about all am an and any are as at be been but by can could did do does for from had has have he her his how
        i if in into is it its me mean means my no not of on or our out please she should so some tell than that the
        their them then there these they this those to us was we were what when where which who why will with would
        you your
    """,
}
_thread_local = threading.local()  # a Stemmer object must not be shared between threads


def extract_terms(text: str, lang: str) -> list[str]:
    """Return the content words of a text as they are indexed and searched, in order."""
    return [stem_word(word, lang) for word in tokenize_words(text) if not is_stop_word(word, lang)]


def tokenize_words(text: str) -> list[str]:
    """Return all words of a text in lower case, gender forms as one word."""
    return WORD_PATTERN.findall(_GENDER_MARKER.sub("", unicodedata.normalize("NFKC", text)).casefold())


def is_stop_word(word: str, lang: str) -> bool:
    """Return whether a lower-case word is a stop word; False for a language without a list."""
    return word in _get_stop_words(lang)


@lru_cache(maxsize=STEM_CACHE_SIZE)
def stem_word(word: str, lang: str) -> str:
    """Return the stem of a lower-case word without diacritics; unstemmed if the language has no stemmer."""
    if lang in SNOWBALL_ALGORITHMS:
        word = _get_stemmer(lang).stemWord(word)
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _get_stemmer(lang: str) -> Stemmer.Stemmer:
    stemmers: dict[str, Stemmer.Stemmer] = _thread_local.__dict__.setdefault("stemmers", {})
    if lang not in stemmers:
        stemmers[lang] = Stemmer.Stemmer(SNOWBALL_ALGORITHMS[lang])
    return stemmers[lang]


@lru_cache
def _get_stop_words(lang: str) -> frozenset[str]:
    return frozenset(_STOP_WORDS.get(lang, "").casefold().split())
