"""Nearest-neighbour search by inner product: the only module that imports FAISS.

Few vectors are searched exactly, straight from the file of floats. Many are also written as an inverted-file index
(IVF: Jégou et al., Product Quantization for Nearest Neighbor Search, 2011) over scalar-quantised vectors, and a query
reads only the clusters nearest to it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import REBUILD_HINT, IndexUnusable
from index.storage.layout import CLUSTERS_FILE, VECTORS_FILE, VECTORS_PER_CHUNK

# Chosen by measurement, see docs/decisions/0004-large-folders.md.
MAX_EXACT_VECTORS = 80_000  # up to here an exact search takes a few milliseconds
MAX_FP16_VECTORS = 250_000  # 16 bits per number up to here, 8 bits above
PROBED_CLUSTERS = 192  # clusters that a query reads
SAMPLES_PER_CLUSTER = 64  # training vectors per cluster

faiss.omp_set_num_threads(1)  # a query is one small product; more threads would only wait for each other


def write_clusters(folder: Path, max_exact_vectors: int = MAX_EXACT_VECTORS) -> None:
    """Write an inverted-file index of the vectors of an index folder if there are more than ``max_exact_vectors``."""
    count, dimension = np.load(folder / VECTORS_FILE, mmap_mode="r").shape
    if count <= max_exact_vectors:
        return
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


class FaissVectorIndex:
    """Search over L2-normalised vectors, shape (rows, d)."""

    def __init__(self, faiss_index: Any) -> None:  # FAISS types its C++ classes only in part
        self._faiss_index = faiss_index
        self.is_exact = isinstance(faiss_index, faiss.IndexFlatIP)

    @classmethod
    def open_folder(cls, folder: Path) -> "FaissVectorIndex":
        """Open the vectors of an index folder; raises IndexUnusable if they are damaged."""
        try:
            if (folder / CLUSTERS_FILE).exists():
                flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
                return cls(faiss.read_index(str(folder / CLUSTERS_FILE), flags))
            vectors = np.load(folder / VECTORS_FILE, mmap_mode="r")
            faiss_index = faiss.IndexFlatIP(vectors.shape[1])
            faiss_index.add(vectors.astype(np.float32))
        except (RuntimeError, OSError, EOFError, ValueError) as error:
            reason = str(error).splitlines()[-1][:120]
            raise IndexUnusable(f"The vectors in {folder} are damaged ({reason}). {REBUILD_HINT}") from None
        return cls(faiss_index)

    def __len__(self) -> int:
        return int(self._faiss_index.ntotal)

    def compute_similarities(self, query: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """Return the cosines of these rows with ``query`` (shape (d,)), by row; only if ``is_exact``."""
        query = np.ascontiguousarray(query, np.float32)
        vectors = faiss.rev_swig_ptr(self._faiss_index.get_xb(), len(self) * query.size).reshape(-1, query.size)[rows]
        cosines = np.empty(len(vectors), np.float32)
        pointers = (faiss.swig_ptr(array) for array in (cosines, query, vectors))
        faiss.fvec_inner_products_ny(*pointers, query.size, cosines.size)  # type: ignore[attr-defined]
        return cosines

    def find_nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of at most ``limit`` nearest vectors to ``query`` (shape (d,)), best first."""
        scores, rows = self._faiss_index.search(query[None, :], min(limit, len(self)))
        is_valid = rows[0] >= 0  # the probed clusters may contain fewer
        return rows[0][is_valid], scores[0][is_valid]
