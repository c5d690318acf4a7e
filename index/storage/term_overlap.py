"""How much of a question's wording a text holds: the share of its word stems and character 4-grams, rare ones
counting more.

The 4-grams meet compounds by their parts, every case and gender form, most typing errors, and names in any script,
without a dictionary. Idea: McNamee and Mayfield, Character N-Gram Tokenization for European Language Text Retrieval,
2004.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray

from index.errors import IndexUnusable
from index.storage.inverted_index import Postings
from index.storage.protocols import Holders
from index.text.analyzer import words

SIZE = 4
KEPT = 1_024  # texts whose tokens are kept, for a build that follows upon another
STEM_WORTH = 4.0  # a word that meets as a whole counts like so many 4-grams
MAX_CHARACTERS = 1_000  # of a question
MAX_HOLDERS = 20_000  # what more targets hold than this tells little and takes long to count
_NOBODY = np.zeros(0, np.int32)
_WORD = re.compile(r"[^\W_]+")


def tokens(text: str, langs: Iterable[str]) -> NDArray[np.uint32]:
    """The 4-grams of a text and its stems in these languages, each once."""
    return _tokens(text, tuple(langs))


@lru_cache(maxsize=KEPT)
def _tokens(text: str, langs: tuple[str, ...]) -> NDArray[np.uint32]:
    found = np.concatenate([_grams(text), _stems(text, langs)])
    found.flags.writeable = False  # others get the same array
    return found


class Cover:
    """The postings of an index; ``targets`` is how many targets it has, ``langs`` the languages of its texts."""

    def __init__(self, postings: Holders, targets: int, langs: Sequence[str]) -> None:
        self._postings, self._count, self._langs = postings, targets, langs

    @classmethod
    def open(cls, folder: Path, targets: int, langs: Sequence[str]) -> "Cover":
        """Over the files of an index folder; raises IndexUnusable where they are damaged."""
        try:
            return cls(Postings(folder), targets, langs)
        except (OSError, ValueError, IndexError):
            raise IndexUnusable(f"{folder}: the postings are damaged. Run: gwbot index build") from None

    def shares(self, question: str) -> NDArray[np.float32]:
        """For every target the share (0 to 1) of the question's wording that its texts hold, shape (targets,)."""
        question = question[:MAX_CHARACTERS]
        grams, stems = _grams(question), _stems(question, self._langs)
        counts, holders = self._postings.holders(np.concatenate([grams, stems]), MAX_HOLDERS)
        worth = np.log1p((self._count - counts + 0.5) / (counts + 0.5))  # the idf of BM25
        worth[len(grams) :] *= STEM_WORTH
        worth[counts > MAX_HOLDERS] = 0.0
        each = np.repeat(worth, [len(targets) for targets in holders])
        found = np.bincount(np.concatenate([_NOBODY, *holders]), each, self._count)
        return (found / max(float(worth.sum()), 1e-9)).astype(np.float32)


def _grams(text: str) -> NDArray[np.uint32]:
    padded = [f" {word} " for word in set(_WORD.findall(anyascii(text).lower()))]
    return _hashes({word[at : at + SIZE] for word in padded for at in range(max(1, len(word) - SIZE + 1))})


def _stems(text: str, langs: Iterable[str]) -> NDArray[np.uint32]:
    return _hashes({f"={stem}" for lang in langs for stem in words(text, lang)})


def _hashes(found: set[str]) -> NDArray[np.uint32]:
    hashes = (zlib.crc32(token.encode("utf-8", "replace")) for token in found)
    return np.fromiter(hashes, np.uint32, len(found))
