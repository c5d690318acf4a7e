"""The file of vectors: one a passage, in order. Texts known from the version before are not encoded again."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.build.corpus import CorpusStats
from index.build.progress import ProgressCallback
from index.encoder.encoder import Encoder
from index.errors import IndexUnusable
from index.storage import manifest
from index.storage.layout import PASSAGES_FILE, QUESTION_KINDS, STORED_DTYPE, VECTORS_FILE, VECTORS_PER_CHUNK

KEYS_FILE = "keys.npy"
BATCH_SIZE = 64  # texts encoded at once
Vectors = NDArray[np.float32]
KeyArray = NDArray[np.uint64]


class EmbeddingCache:
    """The vectors of a version, found by key."""

    def __init__(self, keys: KeyArray, fetch: Callable[[NDArray[np.int64]], Vectors]) -> None:
        """``fetch`` gives the vectors at these places, shape (n, d)."""
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self.fetch_vectors = fetch

    @classmethod
    def open_folder(cls, folder: Path, encoder: Encoder) -> "EmbeddingCache":
        """Of an index folder; of no version where it cannot be used for this encoder."""
        try:
            previous = manifest.read_manifest(folder)
            if previous.encoder_digest != encoder.digest:
                return EMPTY_CACHE
            manifest.verify_files(folder, previous)
            return cls(np.load(folder / KEYS_FILE), partial(_read_vectors, folder / VECTORS_FILE))
        except (IndexUnusable, OSError, ValueError):
            return EMPTY_CACHE  # a damaged version before is no reason not to build anew

    def find_positions(self, keys: KeyArray) -> NDArray[np.int64]:
        """Where the vectors of these keys stand, -1 for an unknown one."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        insert_positions = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        return np.where(self._keys[insert_positions] == keys, self._order[insert_positions], -1)


def write_vectors(
    folder: Path, corpus: CorpusStats, encoder: Encoder, cache: EmbeddingCache, progress: ProgressCallback
) -> int:
    """Write the vectors and their keys; returns how many texts were encoded."""
    np.save(folder / KEYS_FILE, corpus.text_keys)
    path, count = folder / VECTORS_FILE, len(corpus.text_keys)
    np.lib.format.open_memmap(path, "w+", STORED_DTYPE, (count, encoder.dimension))
    positions = cache.find_positions(corpus.text_keys)
    _, first_rows, inverse = np.unique(corpus.text_keys, return_index=True, return_inverse=True)
    needs_encoding = (positions < 0) & (first_rows[inverse] == np.arange(count))
    texts, encoded_count = _read_texts(folder / PASSAGES_FILE), 0
    for start in range(0, count, VECTORS_PER_CHUNK):
        rows = np.arange(start, min(start + VECTORS_PER_CHUNK, count))
        chunk_texts = list(islice(texts, len(rows)))
        if len(cached_rows := rows[positions[rows] >= 0]):
            _store_vectors(path, cached_rows, cache.fetch_vectors(positions[cached_rows]))
        new_rows = rows[needs_encoding[rows]]
        for batch in (new_rows[offset : offset + BATCH_SIZE] for offset in range(0, len(new_rows), BATCH_SIZE)):
            questions = np.isin(corpus.rows["kind"][batch], QUESTION_KINDS)
            _store_vectors(
                path, batch, _encode_batch([chunk_texts[row - start] for row in batch.tolist()], questions, encoder)
            )
            encoded_count += len(batch)
            progress("encoding", encoded_count, int(needs_encoding.sum()))
    repeated_rows = np.flatnonzero((positions < 0) & ~needs_encoding)
    for batch in (
        repeated_rows[offset : offset + VECTORS_PER_CHUNK]
        for offset in range(0, len(repeated_rows), VECTORS_PER_CHUNK)
    ):
        _store_vectors(path, batch, _read_vectors(path, first_rows[inverse[batch]]))
    return encoded_count


def _encode_batch(texts: Sequence[str], questions: NDArray[np.bool_], encoder: Encoder) -> Vectors:
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    for encode, selected in ((encoder.encode_queries, questions), (encoder.encode_passages, ~questions)):
        if selected.any():
            vectors[selected] = encode([texts[number] for number in np.flatnonzero(selected).tolist()])
    return vectors


def _read_texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield str(json.loads(line)["text"])


# Mapped anew for each access: what was touched counts as this process's memory until it is unmapped.
def _read_vectors(path: Path, positions: NDArray[np.int64]) -> Vectors:
    return np.array(np.load(path, mmap_mode="r")[positions])


def _store_vectors(path: Path, positions: NDArray[np.int64], vectors: Vectors) -> None:
    np.load(path, mmap_mode="r+")[positions] = vectors


def _raise_unknown_row(positions: NDArray[np.int64]) -> Vectors:
    raise IndexError(positions)


EMPTY_CACHE = EmbeddingCache(np.zeros(0, np.uint64), _raise_unknown_row)
