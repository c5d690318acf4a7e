"""The idf-weighted share of a question's word stems and character 4-grams that occur in a target's texts."""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import REBUILD_HINT, IndexUnusable
from index.storage.inverted_index import FileInvertedIndex
from index.text.analyzer import extract_terms
from index.text.char_grams import hash_grams

TOKEN_CACHE_SIZE = 1_024  # texts whose tokens are cached for the next build in the same process
STEM_WEIGHT = 4.0  # weight of a matching stem relative to a 4-gram
MAX_QUESTION_LENGTH = 1_000  # characters
MAX_POSTING_LIST = 20_000  # more frequent tokens are ignored: they tell little and are slow to count
_NO_TARGETS = np.zeros(0, np.int32)


def hash_tokens(text: str, langs: Iterable[str]) -> NDArray[np.uint32]:
    """Return the hashes (n,) of the distinct 4-grams of a text and of its stems in these languages."""
    return _hash_tokens_cached(text, tuple(langs))


@lru_cache(maxsize=TOKEN_CACHE_SIZE)
def _hash_tokens_cached(text: str, langs: tuple[str, ...]) -> NDArray[np.uint32]:
    hashes = np.concatenate([hash_grams(text), _hash_stems(text, langs)])
    hashes.flags.writeable = False  # the array is shared by all callers
    return hashes


class InvertedIndex(Protocol):
    """Posting lists: the targets that contain a token."""

    def posting_lists(
        self, tokens: NDArray[np.uint32], max_length: int
    ) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """Return document frequency and posting list per token; lists longer than ``max_length`` are empty."""
        ...


class TermOverlapIndex:
    """Term overlap over the posting lists of an index; ``langs`` are the languages of its texts."""

    def __init__(self, inverted_index: InvertedIndex, target_count: int, langs: Sequence[str]) -> None:
        self._inverted_index, self._target_count, self._langs = inverted_index, target_count, langs

    @classmethod
    def open_folder(cls, folder: Path, target_count: int, langs: Sequence[str]) -> "TermOverlapIndex":
        """Open the posting lists of an index folder; raises IndexUnusable if they are damaged."""
        try:
            return cls(FileInvertedIndex(folder), target_count, langs)
        except (OSError, ValueError, IndexError):
            raise IndexUnusable(f"{folder}: the postings are damaged. {REBUILD_HINT}") from None

    def term_overlap(self, question: str) -> NDArray[np.float32]:
        """Return for each target the share (0 to 1) of the question's wording in its texts, shape (targets,)."""
        question = question[:MAX_QUESTION_LENGTH]
        grams, stems = hash_grams(question), _hash_stems(question, self._langs)
        tokens = np.concatenate([grams, stems])
        frequencies, posting_lists = self._inverted_index.posting_lists(tokens, MAX_POSTING_LIST)
        weights = np.log1p((self._target_count - frequencies + 0.5) / (frequencies + 0.5))  # the idf of BM25
        weights[len(grams) :] *= STEM_WEIGHT
        weights[frequencies > MAX_POSTING_LIST] = 0.0
        posting_weights = np.repeat(weights, [len(targets) for targets in posting_lists])
        overlaps = np.bincount(np.concatenate([_NO_TARGETS, *posting_lists]), posting_weights, self._target_count)
        return (overlaps / max(float(weights.sum()), 1e-9)).astype(np.float32)


def _hash_stems(text: str, langs: Iterable[str]) -> NDArray[np.uint32]:
    stems = {f"={stem}" for lang in langs for stem in extract_terms(text, lang)}
    hashes = (zlib.crc32(stem.encode("utf-8", "replace")) for stem in stems)
    return np.fromiter(hashes, np.uint32, len(stems))
