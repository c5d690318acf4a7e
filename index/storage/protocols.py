"""What a search needs of an index, wherever it lies: vectors, the targets that hold a token, and words."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class VectorIndex(Protocol):
    """L2-normalised vectors, shape (n, d), numbered by row; ``exact`` where a question is compared with all."""

    is_exact: bool

    def __len__(self) -> int: ...

    def compute_similarities(self, query: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """The cosine of these rows' vectors with ``query`` (shape (d,)), in order; where it is ``exact``."""
        ...

    def find_nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers and cosines of the nearest vectors to ``query`` (shape (d,)), best first; at most ``limit``."""
        ...


class InvertedIndex(Protocol):
    """Which targets hold a token."""

    def posting_lists(
        self, tokens: NDArray[np.uint32], max_length: int
    ) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """For each token how many targets hold it, and which; which is not told of more than ``most``."""
        ...


class WordIndex(Protocol):
    """The word index."""

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Entries by their words, best first, each once. Scores are positive; higher is better."""
        ...

    def vocabulary_coverage(self, question: str) -> float:
        """The share (0 to 1) of the question's words that an indexed language knows: small in any other language."""
        ...
