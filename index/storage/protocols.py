"""The interfaces that every index backend provides to the search."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class VectorIndex(Protocol):
    """Nearest-neighbour search over L2-normalised vectors, shape (rows, d).

    ``is_exact`` is true if a query is compared with every vector.
    """

    is_exact: bool

    def __len__(self) -> int: ...

    def compute_similarities(self, query: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """Return the cosines of these rows with ``query`` (shape (d,)), by row; only if ``is_exact``."""
        ...

    def find_nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of at most ``limit`` nearest vectors to ``query`` (shape (d,)), best first."""
        ...


class InvertedIndex(Protocol):
    """Posting lists: the targets that contain a token."""

    def posting_lists(
        self, tokens: NDArray[np.uint32], max_length: int
    ) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """Return document frequency and posting list per token; lists longer than ``max_length`` are empty."""
        ...


class WordIndex(Protocol):
    """Lexical search over the words of the entries."""

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Return at most ``limit`` different entry ids with their score (> 0), best first."""
        ...

    def vocabulary_coverage(self, question: str) -> float:
        """Return the share (0 to 1) of a question's words that are known in the best matching indexed language."""
        ...
