"""Nearest-neighbour search by inner product: the only module that imports FAISS, and only for clusters.

A query is compared with each of few vectors (`exact_vectors`). Many are written as an inverted-file index (IVF: Jégou
et al., Product Quantization for Nearest Neighbor Search, 2011) over scalar-quantised vectors, and a query reads only
the clusters nearest to it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.storage.exact_vectors import ExactVectorIndex, damaged_vectors_error, write_exact_vectors
from index.storage.layout import CLUSTERS_FILE, VECTORS_FILE, VECTORS_PER_CHUNK

# Chosen by measurement, see docs/decisions/0004-large-folders.md.
MAX_EXACT_VECTORS = 150_000  # up to here an exact search takes a few milliseconds
MAX_FP16_VECTORS = 250_000  # 16 bits per number up to here, 8 bits above
PROBED_CLUSTERS = 192  # clusters that a query reads
SAMPLES_PER_CLUSTER = 64  # training vectors per cluster


def write_vector_index(folder: Path, max_exact_vectors: int = MAX_EXACT_VECTORS) -> None:
    """Write what the vectors of an index folder are searched with: clusters for more than ``max_exact_vectors``."""
    count, dimension = np.load(folder / VECTORS_FILE, mmap_mode="r").shape
    if count <= max_exact_vectors:
        write_exact_vectors(folder)
    else:
        _write_clusters(folder, count, dimension)


def open_vector_index(folder: Path) -> "ExactVectorIndex | ClusteredVectorIndex":
    """Open the vectors of an index folder; raises IndexUnusable if they are damaged."""
    has_clusters = (folder / CLUSTERS_FILE).exists()
    return ClusteredVectorIndex.open_folder(folder) if has_clusters else ExactVectorIndex.open_folder(folder)


def _load_faiss() -> ModuleType:
    """Import FAISS, of which an index of few vectors needs nothing."""
    import faiss

    faiss.omp_set_num_threads(1)  # a query is one small product; more threads would only wait for each other
    return faiss


def _write_clusters(folder: Path, count: int, dimension: int) -> None:
    faiss = _load_faiss()
    cluster_count = int(2 * count**0.5)
    quantizer_type = faiss.ScalarQuantizer.QT_fp16 if count <= MAX_FP16_VECTORS else faiss.ScalarQuantizer.QT_8bit
    centres = faiss.IndexFlatIP(dimension)
    faiss_index = faiss.IndexIVFScalarQuantizer(
        centres, dimension, cluster_count, quantizer_type, faiss.METRIC_INNER_PRODUCT
    )
    faiss_index.cp.min_points_per_centroid = 1
    faiss_index.nprobe = PROBED_CLUSTERS
    step = max(1, count // (cluster_count * SAMPLES_PER_CLUSTER))
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    try:
        samples = [chunk[::step].copy() for chunk in read_vector_chunks(folder / VECTORS_FILE)]
        faiss_index.train(np.concatenate(samples))
        for chunk in read_vector_chunks(folder / VECTORS_FILE):
            faiss_index.add(chunk)
    finally:
        faiss.omp_set_num_threads(1)
    faiss.write_index(faiss_index, str(folder / CLUSTERS_FILE))


def read_vector_chunks(path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield the vectors of a file in chunks of shape (<= VECTORS_PER_CHUNK, d)."""
    count = len(np.load(path, mmap_mode="r"))
    for start in range(0, count, VECTORS_PER_CHUNK):
        # Mapped again for each chunk, because pages that were read count as memory of the process until unmapped.
        yield np.load(path, mmap_mode="r")[start : start + VECTORS_PER_CHUNK].astype(np.float32)


class ClusteredVectorIndex:
    """Search over L2-normalised vectors, shape (rows, d), of which a query reads the nearest clusters."""

    is_exact = False

    def __init__(self, faiss_index: Any) -> None:  # FAISS types its C++ classes only in part
        self._faiss_index = faiss_index

    @classmethod
    def open_folder(cls, folder: Path) -> Self:
        """Open the clusters of an index folder; raises IndexUnusable if they are damaged."""
        faiss = _load_faiss()
        try:
            return cls(faiss.read_index(str(folder / CLUSTERS_FILE), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY))
        except RuntimeError as error:
            raise damaged_vectors_error(folder, error) from None

    def __len__(self) -> int:
        return int(self._faiss_index.ntotal)

    def compute_similarities(self, queries: NDArray[np.float32], rows: slice = slice(None)) -> NDArray[np.float32]:
        """Raise TypeError, because a query is not compared with every vector."""
        raise TypeError("vectors in clusters are not compared one by one")

    def find_nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of at most ``limit`` nearest vectors to ``query`` (shape (d,)), best first."""
        scores, rows = self._faiss_index.search(query[None, :], min(limit, len(self)))
        is_valid = rows[0] >= 0  # the probed clusters may contain fewer
        return rows[0][is_valid], scores[0][is_valid]
