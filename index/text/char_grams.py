"""The character 4-grams of a text, as hashes. Pure.

4-grams match the parts of compounds, case and gender forms, most typing errors, and names in any script without a
dictionary. Idea: McNamee and Mayfield, Character N-Gram Tokenization for European Language Text Retrieval, 2004.
"""

import zlib
from functools import lru_cache

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray

from index.text.analyzer import WORD_PATTERN

GRAM_SIZE = 4
WORD_CACHE_SIZE = 8_192  # a few thousand words make up most of what is asked and indexed
_NO_GRAMS = np.zeros(0, np.uint32)


def hash_grams(text: str) -> NDArray[np.uint32]:
    """Return the hashes (n,) of the distinct 4-grams of a text's words, which are transcribed into Latin letters."""
    words = dict.fromkeys(WORD_PATTERN.findall(anyascii(text).lower()))
    return np.unique(np.concatenate([_NO_GRAMS, *map(_hash_word, words)]))


@lru_cache(maxsize=WORD_CACHE_SIZE)
def _hash_word(word: str) -> NDArray[np.uint32]:
    padded = f" {word} "
    starts = range(max(1, len(padded) - GRAM_SIZE + 1))
    grams = (padded[start : start + GRAM_SIZE].encode("utf-8", "replace") for start in starts)
    hashes = np.fromiter(map(zlib.crc32, grams), np.uint32, len(starts))
    hashes.flags.writeable = False  # the array is shared by all callers
    return hashes
