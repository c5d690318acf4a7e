"""Write a text as people type it on a phone: a second view of it, with the same meaning. Pure but for ``random``."""

import random
from collections.abc import Callable

# Neighbours on a German keyboard.
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "rz",
    "u": "zi", "v": "cb", "w": "qe", "x": "yc", "y": "x", "z": "tu",
}  # fmt: skip
_WITHOUT_DOTS = str.maketrans("äöüß", "aous")
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_SIGNS = str.maketrans("", "", ",.?!;:-")
LOWER_CASE_SHARE, NO_SIGNS_SHARE, NO_UMLAUTS_SHARE, KEYWORDS_SHARE = 0.8, 0.8, 0.35, 0.25  # of all texts
ERROR_RATES = (0.0, 0.1, 0.2, 0.35, 0.5)  # of the words of a text; each as often
MIN_WORD_LENGTH = 4  # of a word with an error, and of one that is left in keywords
MIN_SENTENCE_LENGTH = 5  # words of a text that is cut to keywords


def mistype(text: str, chance: random.Random) -> str:
    """Return a text as somebody in a hurry would type it; never empty unless the text is."""
    typed = text
    if chance.random() < LOWER_CASE_SHARE:
        typed = typed.lower()
    if chance.random() < NO_SIGNS_SHARE:
        typed = typed.translate(_SIGNS)
    if chance.random() < NO_UMLAUTS_SHARE:
        typed = typed.translate(chance.choice((_WITHOUT_DOTS, _SPELLED_OUT)))
    words = typed.split()
    if len(words) >= MIN_SENTENCE_LENGTH and chance.random() < KEYWORDS_SHARE:
        words = [word for word in words if len(word) >= MIN_WORD_LENGTH or chance.random() < 0.4] or words
    rate = chance.choice(ERROR_RATES)
    changed = (
        chance.choice(_ERRORS)(word, chance.randrange(1, len(word)), chance)
        if len(word) >= MIN_WORD_LENGTH and chance.random() < rate
        else word
        for word in words
    )
    return " ".join(changed) or text


def _omit(word: str, index: int, _: random.Random) -> str:
    return word[:index] + word[index + 1 :]


def _swap(word: str, index: int, _: random.Random) -> str:
    return word[:index] + word[index : index + 2][::-1] + word[index + 2 :]


def _double(word: str, index: int, _: random.Random) -> str:
    return word[:index] + word[index] + word[index:]


def _hit_neighbour(word: str, index: int, chance: random.Random) -> str:
    return word[:index] + chance.choice(_NEIGHBOURS.get(word[index].lower(), word[index])) + word[index + 1 :]


_ERRORS: tuple[Callable[[str, int, random.Random], str], ...] = (_omit, _swap, _double, _hit_neighbour)
