"""Score targets by the similarities of their vectors: max-pooling by target and kind of passage. Pure."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from knowledge.passages import KINDS, PassageKind

POOLED_QUESTIONS = 3  # example questions of a target whose similarities are averaged
_QUESTION_KIND, _MASKED_KIND = KINDS.index(PassageKind.QUESTION), KINDS.index(PassageKind.MASKED)


class GroupScorer:
    """Pool similarities by target and kind; ``row_targets`` and ``row_kinds`` (rows,) describe the vectors.

    ``rows`` is the range of these vectors in the index.
    """

    def __init__(
        self,
        row_targets: NDArray[np.int32],
        row_kinds: NDArray[np.uint8],
        target_count: int,
        rows: slice = slice(None),
    ) -> None:
        self.rows = rows
        group_ids = row_kinds.astype(np.int64) * target_count + row_targets
        self._sort_order = np.argsort(group_ids, kind="stable")
        ordered = group_ids[self._sort_order]
        self._group_starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        group_sizes = np.diff(self._group_starts, append=len(ordered))
        self._group_indices = np.repeat(np.arange(len(self._group_starts)), group_sizes)
        self._group_ids = ordered[self._group_starts]
        self._target_count = target_count

    def pool_similarities(self, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the similarity of each target by kind, shape (kinds, targets); NaN without a passage of that kind.

        It is that of the target's best passage; for questions, where a single one may match by chance, the mean of
        the best three.
        """
        pooled = np.full((len(KINDS), self._target_count), np.nan, np.float32)
        if not len(self._group_ids):
            return pooled
        ordered = similarities[self._sort_order]
        total = np.maximum.reduceat(ordered, self._group_starts)
        count = np.ones(len(total), np.float32)
        best, is_question = total.copy(), self._group_ids >= _QUESTION_KIND * self._target_count
        for _ in range(POOLED_QUESTIONS - 1):
            best = self._remove_best(ordered, best)
            has_next = is_question & np.isfinite(best)
            total[has_next] += best[has_next]
            count[has_next] += 1
        pooled.reshape(-1)[self._group_ids] = total / count
        return pooled

    def _remove_best(self, ordered: NDArray[np.float32], best: NDArray[np.float32]) -> NDArray[np.float32]:
        """Remove one passage with the ``best`` similarity (groups,) of each group, and return the next best ones."""
        best_positions = np.flatnonzero(ordered == best[self._group_indices])
        is_first_best = np.diff(self._group_indices[best_positions], prepend=-1) > 0
        ordered[best_positions[is_first_best]] = -np.inf
        next_best: NDArray[np.float32] = np.maximum.reduceat(ordered, self._group_starts)
        return next_best


@dataclass(frozen=True, slots=True)
class GroupScorers:
    """One scorer for the masked example questions, the last rows of an index, and one for the rows before them."""

    unmasked: GroupScorer
    masked: GroupScorer

    @classmethod
    def from_rows(cls, row_targets: NDArray[np.int32], row_kinds: NDArray[np.uint8], target_count: int) -> Self:
        """Create both for all rows of an index."""
        first_masked = len(row_kinds) - int(np.count_nonzero(row_kinds == _MASKED_KIND))
        row_ranges = slice(0, first_masked), slice(first_masked, len(row_kinds))
        return cls(*(GroupScorer(row_targets[rows], row_kinds[rows], target_count, rows) for rows in row_ranges))
