"""What a search needs of vectors, wherever they lie."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Nearest(Protocol):
    """L2-normalised vectors, shape (n, d), numbered by row; ``exact`` where a question is compared with all."""

    exact: bool

    def __len__(self) -> int: ...

    def similarities(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of every vector with ``query`` (shape (d,)), shape (n,), in order; where it is ``exact``."""
        ...

    def nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers and cosines of the nearest vectors to ``query`` (shape (d,)), best first; at most ``limit``."""
        ...
