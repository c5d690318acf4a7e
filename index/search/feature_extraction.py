"""What speaks for the entry that stands first, and what against it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.decision.features import AnswerabilityFeatures, RankingFeatures, SmallTalkFeatures
from index.search.scoring import CandidateScores, Float32Array

BACKGROUND = slice(5, 25)  # the entries that the first is compared with
RUNNERS_UP = slice(2, 6)  # those that come after the two best


@dataclass(frozen=True, slots=True)
class CandidateMasks:
    """Which of the targets in question are what; masks of the shape of the votes."""

    answering: NDArray[np.bool_]
    gaps: NDArray[np.bool_]
    small_talk: NDArray[np.bool_]
    refusals: NDArray[np.bool_]


def small_talk_features(candidates: CandidateScores, masks: CandidateMasks) -> SmallTalkFeatures:
    """The feature of talk."""
    return SmallTalkFeatures(
        _max_score(candidates.question_similarity, masks.small_talk) - max(_best_by_role(candidates, masks))
    )


def answerability_features(
    candidates: CandidateScores,
    masked: Float32Array,
    masks: CandidateMasks,
    top: int,
    hit_scores: Sequence[float],
    vocabulary_coverage: float,
) -> AnswerabilityFeatures:
    """The features of the scope.

    Args:
        bare: the votes without names, of the shape of the votes.
        first: the place of the first entry among the votes.
        scores: the fused scores of the answering entries, best first.
        familiar: share of the question's words that an indexed language knows.
    """
    gap_index, masked_gap = best_index(candidates.fused_score, masks.gaps), _max_score(masked, masks.gaps)
    nearest_answer, nearest_gap, nearest_refusal = _best_by_role(candidates, masks)
    return AnswerabilityFeatures(
        similarity=float(candidates.similarity[top]),
        term_overlap=float(candidates.term_overlap[top]),
        term_overlap_margin=0.0
        if gap_index is None
        else float(candidates.term_overlap[top] - candidates.term_overlap[gap_index]),
        gap_margin=nearest_gap - float(candidates.question_similarity[top]),
        refusal_margin=nearest_refusal - max(nearest_answer, nearest_gap),
        background_margin=_margin_over(hit_scores, hit_scores[BACKGROUND]),
        vocabulary_coverage=vocabulary_coverage,
        masked_gap_margin=float(masked[top]) - masked_gap,
        any_masked_gap_margin=_max_score(masked, masks.answering) - masked_gap,
    )


def ranking_features(hit_scores: Sequence[float]) -> RankingFeatures:
    """The features of the order, from the fused scores of the answering entries, best first."""
    return RankingFeatures(
        _margin_over(hit_scores, hit_scores[1:2]), _margin_over(hit_scores, hit_scores[RUNNERS_UP])
    )


def best_index(scores: Float32Array, mask: NDArray[np.bool_]) -> int | None:
    """The place of the highest vote among some targets; None where there are none."""
    return int(np.where(mask, scores, -np.inf).argmax()) if mask.any() else None


def _best_by_role(candidates: CandidateScores, masks: CandidateMasks) -> tuple[float, float, float]:
    """The nearest example questions of an entry that answers, of a gap, and of what is refused."""
    answers, gaps, refusals = (
        _max_score(candidates.question_similarity, mask) for mask in (masks.answering, masks.gaps, masks.refusals)
    )
    return answers, gaps, refusals


def _max_score(scores: Float32Array, mask: NDArray[np.bool_]) -> float:
    return float(scores[mask].max(initial=0.0))


def _margin_over(scores: Sequence[float], rivals: Sequence[float]) -> float:
    return float(scores[0] - np.mean(rivals)) if rivals else 0.0
