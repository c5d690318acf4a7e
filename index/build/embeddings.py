"""Write the vectors of an index folder, one per row.

Vectors of unchanged texts are reused from the previous version, or from the file of vectors that ships with the
package: encoding all texts of the built-in knowledge takes four minutes on two cores.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.build.corpus import CorpusStats, ProgressCallback
from index.build.target_classifier import NO_CLASSIFIERS, Classifiers, read_classifiers
from index.encoder.encoder import Encoder, Vectors
from index.errors import IndexUnusable
from index.storage import manifest
from index.storage.entry_store import read_passages
from index.storage.exact_vectors import round_vectors
from index.storage.layout import (
    CLASSIFIER_FILE,
    KEYS_FILE,
    QUESTION_KINDS,
    VECTOR_DTYPE,
    VECTORS_FILE,
    VECTORS_PER_CHUNK,
)

BATCH_SIZE = 64  # texts encoded at once
SHIPPED_VECTORS_FILE = Path(__file__).with_name("vectors.npz")  # written by `make vectors`
RowNumbers = NDArray[np.int64]


class EmbeddingCache:
    """What a build takes from an earlier one: the vectors of a version by text key, and its target classifier.

    Args:
        keys: (n,).
        fetch_vectors: returns the vectors (m, d) at these positions (m,) of ``keys``.
        classifiers: that of the version.
    """

    def __init__(
        self,
        keys: NDArray[np.uint64],
        fetch_vectors: Callable[[RowNumbers], Vectors],
        classifiers: Classifiers = NO_CLASSIFIERS,
    ) -> None:
        self.classifiers = classifiers
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self.fetch_vectors = fetch_vectors

    @classmethod
    def open_folder(cls, folder: Path, encoder: Encoder) -> "EmbeddingCache":
        """Open the vectors of an index folder, or the shipped ones if it is damaged or another encoder made it."""
        try:
            previous = manifest.read_manifest(folder)
            if previous.encoder_digest == encoder.digest:
                manifest.verify_files(folder, previous)
                classifiers = read_classifiers(folder / CLASSIFIER_FILE)
                return cls(np.load(folder / KEYS_FILE), partial(_read_vectors, folder / VECTORS_FILE), classifiers)
        except (IndexUnusable, OSError, ValueError):
            pass  # a damaged previous version must not prevent a new build
        return cls.open_shipped(encoder)

    @classmethod
    def open_shipped(cls, encoder: Encoder, path: Path = SHIPPED_VECTORS_FILE) -> "EmbeddingCache":
        """Open the vectors of the built-in knowledge in the package; empty if another model made them."""
        with np.load(path) as shipped:
            if str(shipped["model"]) != describe_model(encoder):
                return EMPTY_CACHE
            keys, scales, integers = (shipped[name] for name in ("keys", "scales", "integers"))
        return cls(keys, lambda rows: integers[rows].astype(np.float32) * scales[rows, None])

    def find_positions(self, keys: NDArray[np.uint64]) -> RowNumbers:
        """Return the position of each key, shape (n,), -1 for an unknown one."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        insert_positions = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        return np.where(self._keys[insert_positions] == keys, self._order[insert_positions], -1)


def describe_model(encoder: Encoder) -> str:
    """Return what the shipped vectors depend on, besides their texts."""
    return f"{encoder.name} {encoder.revision}"


def write_shipped_vectors(folder: Path, encoder: Encoder, path: Path = SHIPPED_VECTORS_FILE) -> int:
    """Write the distinct vectors of an index folder to the file that ships with the package; returns their number.

    Integers of 8 bits are enough, since an index of this size is searched with no more.
    """
    keys, first_rows = np.unique(np.load(folder / KEYS_FILE), return_index=True)
    scales, integers = round_vectors(_read_vectors(folder / VECTORS_FILE, first_rows).astype(np.float32))
    np.savez(path, model=describe_model(encoder), keys=keys, scales=scales, integers=integers)
    return len(keys)


def write_vectors(
    folder: Path, corpus: CorpusStats, encoder: Encoder, cache: EmbeddingCache, progress: ProgressCallback
) -> int:
    """Write the vectors of all rows, encoding each new text once; returns how many were encoded."""
    path, count = folder / VECTORS_FILE, len(corpus.text_keys)
    np.lib.format.open_memmap(path, "w+", VECTOR_DTYPE, (count, encoder.dimension))
    positions = cache.find_positions(corpus.text_keys)
    _, first_rows, inverse = np.unique(corpus.text_keys, return_index=True, return_inverse=True)
    needs_encoding = (positions < 0) & (first_rows[inverse] == np.arange(count))
    passages, encoded_count = read_passages(folder), 0
    for rows in _split_rows(np.arange(count), VECTORS_PER_CHUNK):
        texts = [text for _, text in islice(passages, len(rows))]
        if len(cached_rows := rows[positions[rows] >= 0]):
            _store_vectors(path, cached_rows, cache.fetch_vectors(positions[cached_rows]))
        for batch in _split_rows(rows[needs_encoding[rows]], BATCH_SIZE):
            is_question = np.isin(corpus.rows["kind"][batch], QUESTION_KINDS)
            batch_texts = [texts[offset] for offset in (batch - rows[0]).tolist()]
            _store_vectors(path, batch, _encode_batch(batch_texts, is_question, encoder))
            encoded_count += len(batch)
            progress("encoding", encoded_count, int(needs_encoding.sum()))
    for batch in _split_rows(np.flatnonzero((positions < 0) & ~needs_encoding), VECTORS_PER_CHUNK):
        _store_vectors(path, batch, _read_vectors(path, first_rows[inverse[batch]]))
    return encoded_count


def _split_rows(rows: RowNumbers, size: int) -> Iterator[RowNumbers]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _encode_batch(texts: Sequence[str], is_question: NDArray[np.bool_], encoder: Encoder) -> Vectors:
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    for encode, selected in ((encoder.encode_queries, is_question), (encoder.encode_passages, ~is_question)):
        if selected.any():
            vectors[selected] = encode([texts[number] for number in np.flatnonzero(selected).tolist()])
    return vectors


# Mapped again for each access, because touched pages count as memory of the process until they are unmapped.
def _read_vectors(path: Path, rows: RowNumbers) -> Vectors:
    return np.array(np.load(path, mmap_mode="r")[rows])


def _store_vectors(path: Path, rows: RowNumbers, vectors: Vectors) -> None:
    np.load(path, mmap_mode="r+")[rows] = vectors


def _raise_unknown_row(rows: RowNumbers) -> Vectors:
    raise IndexError(rows)


EMPTY_CACHE = EmbeddingCache(np.zeros(0, np.uint64), _raise_unknown_row)
