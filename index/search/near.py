"""The targets that come into question for a question, and how their vectors vote.

Where all vectors can be compared, those of questions without names stand last, and are compared by themselves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.storage.group_scorer import GroupScorer
from index.storage.reader import IndexReader
from knowledge.passages import KINDS, PassageKind

MAX_NEIGHBOURS = 400  # vectors asked of an index too large to compare all
MAX_BY_OVERLAP = 40  # targets that join them for the words they hold
TEXT_KINDS = [KINDS.index(kind) for kind in (PassageKind.TEXT, PassageKind.SENTENCE, PassageKind.WINDOW)]
QUESTION_KIND, MASKED_KIND = KINDS.index(PassageKind.QUESTION), KINDS.index(PassageKind.MASKED)


@dataclass(frozen=True, slots=True)
class CandidateSimilarities:
    """``numbers``: of the targets; ``by_kind``: their votes, shape (kinds, len(numbers)), NaN where there is none."""

    target_numbers: NDArray[np.int64]
    by_kind: NDArray[np.float32]

    @property
    def by_questions(self) -> NDArray[np.float32]:
        """The votes of example questions."""
        return _kind_row(self.by_kind, QUESTION_KIND)

    @property
    def by_text(self) -> NDArray[np.float32]:
        """The mean vote of text, sentences and windows; a short text is its own sentence and window."""
        text_similarities = self.by_kind[TEXT_KINDS]
        mean_similarity: NDArray[np.float32] = np.where(
            np.isnan(text_similarities), text_similarities[0], text_similarities
        ).mean(axis=0)
        return mean_similarity


def select_candidates(
    reader: IndexReader, vector: NDArray[np.float32], overlap: NDArray[np.float32]
) -> CandidateSimilarities:
    """All targets where all vectors can be compared; else those nearest to ``vector`` and best in ``cover``."""
    if reader.group_scorers:
        return CandidateSimilarities(
            np.arange(len(reader.target_names)), _pool_scorer_rows(reader, reader.group_scorers.unmasked, vector)
        )
    rows, similarities = reader.vector_index.find_nearest(vector, MAX_NEIGHBOURS)
    row_targets = reader.row_targets[rows]
    target_numbers = np.union1d(row_targets, _best_by_overlap(overlap))
    scorer = GroupScorer(
        np.searchsorted(target_numbers, row_targets).astype(np.int32), reader.row_kinds[rows], len(target_numbers)
    )
    by_kind = scorer.pool_similarities(similarities - reader.row_penalties[rows])
    text_row = by_kind[TEXT_KINDS[0]]
    text_row[np.isnan(text_row)] = similarities.min(
        initial=1.0
    )  # what is not among the neighbours is at most as near
    return CandidateSimilarities(target_numbers, by_kind)


def masked_similarities(
    reader: IndexReader, vector: NDArray[np.float32], target_numbers: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The votes of example questions without names for these targets, NaN where there is none."""
    if not reader.proper_names:  # nothing was read without them
        return np.full(len(target_numbers), np.nan, np.float32)
    if reader.group_scorers:
        return _kind_row(_pool_scorer_rows(reader, reader.group_scorers.masked, vector), MASKED_KIND)[target_numbers]
    rows, similarities = reader.vector_index.find_nearest(vector, MAX_NEIGHBOURS)
    is_candidate = np.isin(reader.row_targets[rows], target_numbers)
    row_targets = np.searchsorted(target_numbers, reader.row_targets[rows[is_candidate]]).astype(np.int32)
    return _kind_row(
        GroupScorer(row_targets, reader.row_kinds[rows[is_candidate]], len(target_numbers)).pool_similarities(
            similarities[is_candidate]
        ),
        MASKED_KIND,
    )


def _pool_scorer_rows(reader: IndexReader, scorer: GroupScorer, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return scorer.pool_similarities(
        reader.vector_index.compute_similarities(vector, scorer.rows) - reader.row_penalties[scorer.rows]
    )


def _kind_row(by_kind: NDArray[np.float32], kind: int) -> NDArray[np.float32]:
    similarities: NDArray[np.float32] = by_kind[kind]
    return similarities


def _best_by_overlap(overlap: NDArray[np.float32]) -> NDArray[np.int64]:
    strong = np.flatnonzero(overlap > 0.5 * overlap.max(initial=0.0))
    if len(strong) <= MAX_BY_OVERLAP:
        return strong
    return strong[np.argpartition(-overlap[strong], MAX_BY_OVERLAP)[:MAX_BY_OVERLAP]]
