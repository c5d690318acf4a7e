"""Nearest vectors by inner product: the only module that knows FAISS.

Few vectors are searched exactly, straight from their file of floats. Many are also written as a FAISS index of
clusters (inverted lists) with shorter numbers, of which a question reads the clusters nearest to it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import IndexUnusable
from index.storage.layout import CHUNK, CLUSTERS, FLOATS

# Chosen by measurement, see docs/decisions/0004-large-folders.md.
EXACT_UP_TO = 50_000  # vectors; a few milliseconds a question
HALVES_UP_TO = 250_000  # numbers of 16 bits up to here, of 8 bits above
PROBES = 192  # clusters read for a question
SAMPLE = 64  # vectors a cluster to find the clusters with

faiss.omp_set_num_threads(1)  # a question is one small product; more threads only wait for each other


def cluster(folder: Path, exact_up_to: int = EXACT_UP_TO) -> None:
    """Write the clusters beside the floats of an index folder, where there are too many for an exact search."""
    count, dimension = np.load(folder / FLOATS, mmap_mode="r").shape
    if count <= exact_up_to:
        return
    lists = int(2 * count**0.5)
    numbers = faiss.ScalarQuantizer.QT_fp16 if count <= HALVES_UP_TO else faiss.ScalarQuantizer.QT_8bit
    centres = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(centres, dimension, lists, numbers, faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1
    index.nprobe = PROBES
    step = max(1, count // (lists * SAMPLE))
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    try:
        index.train(np.concatenate([chunk[::step].copy() for chunk in chunks(folder / FLOATS)]))
        for chunk in chunks(folder / FLOATS):
            index.add(chunk)
    finally:
        faiss.omp_set_num_threads(1)
    faiss.write_index(index, str(folder / CLUSTERS))


def chunks(path: Path) -> Iterator[NDArray[np.float32]]:
    """The vectors of a file, some thousands at a time."""
    count = len(np.load(path, mmap_mode="r"))
    for start in range(0, count, CHUNK):
        # Mapped anew each time: what was read counts as this process's memory until it is unmapped.
        yield np.load(path, mmap_mode="r")[start : start + CHUNK].astype(np.float32)


class Dense:
    """Search over L2-normalised vectors, shape (n, d), float32."""

    def __init__(self, index: Any) -> None:  # FAISS types its C++ classes only in part
        self._index = index
        self.exact = isinstance(index, faiss.IndexFlatIP)

    @classmethod
    def open(cls, folder: Path) -> "Dense":
        """Open the vectors of an index folder; raises IndexUnusable where they are damaged."""
        try:
            if (folder / CLUSTERS).exists():
                return cls(faiss.read_index(str(folder / CLUSTERS), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY))
            vectors = np.load(folder / FLOATS, mmap_mode="r")
            index = faiss.IndexFlatIP(vectors.shape[1])
            index.add(vectors.astype(np.float32))
        except (RuntimeError, OSError, EOFError, ValueError) as error:
            reason = str(error).splitlines()[-1][:120]
            raise IndexUnusable(f"The vectors in {folder} are damaged ({reason}). Run: gwbot index build") from None
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def similarities(self, query: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """The cosine of these rows' vectors with ``query`` (shape (d,)), in order; where it is ``exact``."""
        query = np.ascontiguousarray(query, np.float32)
        vectors = faiss.rev_swig_ptr(self._index.get_xb(), len(self) * query.size).reshape(-1, query.size)[rows]
        found = np.empty(len(vectors), np.float32)
        pointers = (faiss.swig_ptr(array) for array in (found, query, vectors))
        faiss.fvec_inner_products_ny(*pointers, query.size, found.size)  # type: ignore[attr-defined]
        return found

    def nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers and cosines of the nearest vectors to ``query`` (shape (d,)), best first; at most ``limit``."""
        scores, rows = self._index.search(query[None, :], min(limit, len(self)))
        found = rows[0] >= 0  # the clusters read may hold fewer
        return rows[0][found], scores[0][found]
