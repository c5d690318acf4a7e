"""The votes of an entry's vectors for it. Pure."""

import numpy as np
from numpy.typing import NDArray

from knowledge.chunk import Kind

KINDS = tuple(Kind)
_QUESTION = KINDS.index(Kind.QUESTION)


class Ballot:
    """Which vector votes for which target, and as what: ``owners`` and ``kinds`` hold one number a vector."""

    def __init__(self, owners: NDArray[np.int32], kinds: NDArray[np.uint8], targets: int) -> None:
        groups = kinds.astype(np.int64) * targets + owners
        self._order = np.argsort(groups, kind="stable")
        ordered = groups[self._order]
        self._starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        self._places = np.repeat(np.arange(len(self._starts)), np.diff(self._starts, append=len(ordered)))
        self._groups = ordered[self._starts]
        self._targets = targets

    def votes(self, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """The similarity of each target by each kind, shape (kinds, targets); NaN where it has none of that kind.

        A target is as similar as its best passage; for questions the mean of its two best counts, since one lucky
        question is not enough.
        """
        found = np.full((len(KINDS), self._targets), np.nan, np.float32)
        if len(self._groups):
            ordered = similarities[self._order]
            best = np.maximum.reduceat(ordered, self._starts)
            found.reshape(-1)[self._groups] = best
            at_best = np.flatnonzero(ordered == best[self._places])
            _, firsts = np.unique(self._places[at_best], return_index=True)
            ordered[at_best[firsts]] = -np.inf
            second = np.maximum.reduceat(ordered, self._starts)
            paired = np.isfinite(second) & (self._groups >= _QUESTION * self._targets)
            found.reshape(-1)[self._groups[paired]] = (best[paired] + second[paired]) / 2
        return found
