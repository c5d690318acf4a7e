"""Extract the features of the top-ranked entry. Pure."""

from collections.abc import Sequence

import numpy as np

from index.decision.features import QueryFeatures
from index.decision.target_classifier import log_ratio
from index.search.scoring import BoolArray, Candidates, Float32Array, Hit

BACKGROUND = slice(5, 25)  # the hits that the top is compared with
RUNNERS_UP = slice(2, 6)  # the four after the two best
MARGIN_OF_ONLY_ENTRY = 0.2  # in a folder of one file: a clear lead
VOTE_TEMPERATURE = 0.012  # in units of the cosine, within which most rivals of a question lie


def extract_features(candidates: Candidates, hits: Sequence[Hit], vocabulary_coverage: float) -> QueryFeatures:
    """Extract the features of a query.

    Args:
        candidates: as scored for the query.
        hits: the answering entries, best first; at least one, and ``BACKGROUND.stop`` if there are as many.
        vocabulary_coverage: share of the query's words that an indexed language knows, 0 to 1.
    """
    top, scores = hits[0].candidate_index, [hit.score for hit in hits]
    by_questions, masked = candidates.question_similarity, candidates.masked_similarity
    masks = (candidates.is_answering, candidates.is_gap, candidates.is_refusal, candidates.is_small_talk)
    nearest_answer, nearest_gap, nearest_refusal, nearest_talk = (_max_score(by_questions, mask) for mask in masks)
    overlap, gap_index = candidates.term_overlap, best_index(candidates.fused_score, candidates.is_gap)
    masked_gap = _max_score(masked, candidates.is_gap)
    votes = _vote_shares(by_questions)
    likelihoods, is_answering, is_gap, is_refusal, is_talk = candidates.log_likelihood, *masks
    is_top = np.arange(len(likelihoods)) == top
    second = best_index(likelihoods, is_answering & ~is_top)
    wording = candidates.wording_likelihood
    second_wording = best_index(wording, is_answering & ~is_top)
    return QueryFeatures(
        small_talk_margin=nearest_talk - max(nearest_answer, nearest_gap, nearest_refusal),
        talk_log_odds=log_ratio(likelihoods, is_talk, ~is_talk),
        talk_vote=float(votes[candidates.is_small_talk].sum()),
        refusal_log_odds=log_ratio(likelihoods, is_refusal, ~is_refusal),
        similarity=float(candidates.similarity[top]),
        term_overlap=float(overlap[top]),
        term_overlap_margin=0.0 if gap_index is None else float(overlap[top] - overlap[gap_index]),
        gap_margin=nearest_gap - float(by_questions[top]),
        refusal_margin=nearest_refusal - max(nearest_answer, nearest_gap),
        background_margin=_margin_over(scores, scores[BACKGROUND], without_rivals=0.0),
        vocabulary_coverage=vocabulary_coverage,
        masked_gap_margin=float(masked[top]) - masked_gap,
        any_masked_gap_margin=_max_score(masked, candidates.is_answering) - masked_gap,
        answering_vote=float(votes[candidates.is_answering].sum()),
        gap_vote=float(votes[candidates.is_gap].sum()),
        refusal_vote=float(votes[candidates.is_refusal].sum()),
        gap_log_ratio=log_ratio(likelihoods, is_gap, is_answering),
        refusal_log_ratio=log_ratio(likelihoods, is_refusal, is_answering),
        top_gap_log_ratio=log_ratio(likelihoods, is_top, is_gap),
        top1_margin=_margin_over(scores, scores[1:2]),
        runners_up_margin=_margin_over(scores, scores[RUNNERS_UP] or scores[1:2]),
        top1_log_ratio=0.0 if second is None else float(likelihoods[top] - likelihoods[second]),
        top1_log_likelihood=float(likelihoods[top]),
        wording_talk_log_odds=log_ratio(wording, is_talk, ~is_talk),
        wording_refusal_log_odds=log_ratio(wording, is_refusal, ~is_refusal),
        wording_gap_log_ratio=log_ratio(wording, is_gap, is_answering),
        wording_refusal_log_ratio=log_ratio(wording, is_refusal, is_answering),
        wording_top_gap_log_ratio=log_ratio(wording, is_top, is_gap),
        wording_top1_log_ratio=0.0 if second_wording is None else float(wording[top] - wording[second_wording]),
        wording_top1_log_likelihood=float(wording[top]),
    )


def best_index(scores: Float32Array, mask: BoolArray) -> int | None:
    """Return the position of the highest score within a mask, both of shape (n,); None if the mask is empty."""
    return int(np.where(mask, scores, -np.inf).argmax()) if mask.any() else None


def _vote_shares(similarity: Float32Array) -> Float32Array:
    """Return each candidate's share of a softmax over similarities, shape (n,)."""
    weights = np.exp((similarity - similarity.max()) / VOTE_TEMPERATURE)
    shares: Float32Array = weights / weights.sum()
    return shares


def _max_score(scores: Float32Array, mask: BoolArray) -> float:
    return float(scores[mask].max(initial=0.0))


def _margin_over(
    scores: Sequence[float], rivals: Sequence[float], *, without_rivals: float = MARGIN_OF_ONLY_ENTRY
) -> float:
    return float(scores[0] - np.mean(rivals)) if rivals else without_rivals
