"""The votes of an entry's vectors for it. Pure."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from knowledge.passages import KINDS, Kind

_QUESTION, _BARE = KINDS.index(Kind.QUESTION), KINDS.index(Kind.BARE)


class Ballot:
    """Which vector votes for which target, and as what: ``owners`` and ``kinds`` hold one number a vector.

    Attributes:
        rows: of the index, that the vectors are.
    """

    def __init__(
        self, owners: NDArray[np.int32], kinds: NDArray[np.uint8], targets: int, rows: slice = slice(None)
    ) -> None:
        self.rows = rows
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
            firsts = np.diff(self._places[at_best], prepend=-1) > 0
            ordered[at_best[firsts]] = -np.inf
            second = np.maximum.reduceat(ordered, self._starts)
            paired = np.isfinite(second) & (self._groups >= _QUESTION * self._targets)
            found.reshape(-1)[self._groups[paired]] = (best[paired] + second[paired]) / 2
        return found


@dataclass(frozen=True, slots=True)
class Ballots:
    """Of the example questions without names, which are the last rows of an index, and of the rows before them."""

    asked: Ballot
    bare: Ballot

    @classmethod
    def of(cls, owners: NDArray[np.int32], kinds: NDArray[np.uint8], targets: int) -> Self:
        """Of all rows of an index."""
        first = len(kinds) - int(np.count_nonzero(kinds == _BARE))
        parts = slice(0, first), slice(first, len(kinds))
        return cls(*(Ballot(owners[rows], kinds[rows], targets, rows) for rows in parts))
