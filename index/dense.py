"""Nearest vectors by inner product: the only module that knows FAISS."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import IndexUnusable

faiss.omp_set_num_threads(1)  # a question is one small product; more threads only wait for each other


class Dense:
    """Exact search over L2-normalised vectors, shape (n, d), float32."""

    def __init__(self, index: Any) -> None:  # faiss types its C++ methods only in part
        self._index = index

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "Dense":
        """An index over the rows of ``vectors``."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def read(cls, path: Path) -> "Dense":
        """Open an index file; raises IndexUnusable where it is damaged."""
        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            reason = str(error).splitlines()[-1][:120]
            raise IndexUnusable(f"{path} is damaged ({reason}). Run: gwbot index build") from None

    def write(self, path: Path) -> None:
        """Write the index to a file."""
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers and cosines of the nearest vectors to ``query`` (shape (d,)), best first."""
        scores, rows = self._index.search(query[None, :], min(limit, len(self)))
        return rows[0], scores[0]

    def similarities(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of every vector with ``query`` (shape (d,)), shape (n,), in the order of adding."""
        found = np.empty(len(self), np.float32)
        query = np.ascontiguousarray(query, np.float32)
        faiss.fvec_inner_products_ny(  # type: ignore[attr-defined]
            faiss.swig_ptr(found), faiss.swig_ptr(query), self._index.get_xb(), query.size, found.size
        )
        return found

    def vectors(self) -> NDArray[np.float32]:
        """All vectors, shape (n, d), in the order in which they were added."""
        found: NDArray[np.float32] = self._index.reconstruct_n(0, len(self))
        return found
