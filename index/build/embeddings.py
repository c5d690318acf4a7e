"""The file of vectors: one a passage, in order. Texts known from the version before are not encoded again."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.build.corpus import Scanned
from index.build.progress import Progress
from index.encoder.encoder import Encoder
from index.errors import IndexUnusable
from index.storage import manifest
from index.storage.layout import ASKED, CHUNK, FLOATS, PASSAGES, STORED

KEYS = "keys.npy"
BATCH = 64  # texts encoded at once
Vectors = NDArray[np.float32]
Keys = NDArray[np.uint64]


class Known:
    """The vectors of a version, found by key."""

    def __init__(self, keys: Keys, fetch: Callable[[NDArray[np.int64]], Vectors]) -> None:
        """``fetch`` gives the vectors at these places, shape (n, d)."""
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self.vectors = fetch

    @classmethod
    def of(cls, folder: Path, encoder: Encoder) -> "Known":
        """Of an index folder; of no version where it cannot be used for this encoder."""
        try:
            before = manifest.read(folder)
            if before.encoder_digest != encoder.digest:
                return NOTHING
            manifest.verify(folder, before)
            return cls(np.load(folder / KEYS), partial(_fetch, folder / FLOATS))
        except (IndexUnusable, OSError, ValueError):
            return NOTHING  # a damaged version before is no reason not to build anew

    def places(self, keys: Keys) -> NDArray[np.int64]:
        """Where the vectors of these keys stand, -1 for an unknown one."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        found = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        return np.where(self._keys[found] == keys, self._order[found], -1)


def write_vectors(folder: Path, scanned: Scanned, encoder: Encoder, known: Known, progress: Progress) -> int:
    """Write the vectors and their keys; returns how many texts were encoded."""
    np.save(folder / KEYS, scanned.keys)
    path, count = folder / FLOATS, len(scanned.keys)
    np.lib.format.open_memmap(path, "w+", STORED, (count, encoder.dimension))
    places = known.places(scanned.keys)
    _, first, same = np.unique(scanned.keys, return_index=True, return_inverse=True)
    todo = (places < 0) & (first[same] == np.arange(count))
    texts, done = _texts(folder / PASSAGES), 0
    for start in range(0, count, CHUNK):
        rows = np.arange(start, min(start + CHUNK, count))
        here = list(islice(texts, len(rows)))
        if len(old := rows[places[rows] >= 0]):
            _store(path, old, known.vectors(places[old]))
        new = rows[todo[rows]]
        for batch in (new[at : at + BATCH] for at in range(0, len(new), BATCH)):
            questions = np.isin(scanned.rows["kind"][batch], ASKED)
            _store(path, batch, _encode([here[row - start] for row in batch.tolist()], questions, encoder))
            done += len(batch)
            progress("encoding", done, int(todo.sum()))
    repeated = np.flatnonzero((places < 0) & ~todo)
    for batch in (repeated[at : at + CHUNK] for at in range(0, len(repeated), CHUNK)):
        _store(path, batch, _fetch(path, first[same[batch]]))
    return done


def _encode(texts: Sequence[str], questions: NDArray[np.bool_], encoder: Encoder) -> Vectors:
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    for encode, chosen in ((encoder.encode_queries, questions), (encoder.encode_passages, ~questions)):
        if chosen.any():
            vectors[chosen] = encode([texts[number] for number in np.flatnonzero(chosen).tolist()])
    return vectors


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield str(json.loads(line)["text"])


# Mapped anew for each access: what was touched counts as this process's memory until it is unmapped.
def _fetch(path: Path, places: NDArray[np.int64]) -> Vectors:
    return np.array(np.load(path, mmap_mode="r")[places])


def _store(path: Path, places: NDArray[np.int64], vectors: Vectors) -> None:
    np.load(path, mmap_mode="r+")[places] = vectors


def _none(places: NDArray[np.int64]) -> Vectors:
    raise IndexError(places)


NOTHING = Known(np.zeros(0, np.uint64), _none)
