"""Select candidate entries and intents for a query, and score them by vector similarity and shared wording.

In an index small enough to compare every vector, all targets are candidates; in a larger one, the owners of the
nearest vectors and those that share most of the wording.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.storage.group_scorer import GroupScorer, GroupScorers
from index.storage.reader import IndexReader
from index.text.char_grams import hash_grams
from knowledge.passages import KINDS, PassageKind

MAX_NEIGHBOURS = 400  # vectors retrieved from an index too large to compare them all
MAX_BY_OVERLAP = 40  # targets added to their owners for shared wording
QUESTION_WEIGHT = 3.0  # of the similarity of example questions, relative to that of the text
TERM_OVERLAP_WEIGHT = 0.1  # relative to the cosines
CLASSIFIER_WEIGHT = 0.0075  # of the log-likelihood that the target classifier gives
WORDING_WEIGHT = 0.0125  # of the one that the wording classifier gives
MASKED_WEIGHT = 0.25  # of the similarity with names masked; all weights are measured, see docs/figures.md
TEXT_KINDS = [KINDS.index(kind) for kind in (PassageKind.TEXT, PassageKind.SENTENCE, PassageKind.WINDOW)]
QUESTION_KIND, MASKED_KIND = KINDS.index(PassageKind.QUESTION), KINDS.index(PassageKind.MASKED)
Float32Array = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hit:
    """A target with its fused score; ``candidate_index`` is its position in the arrays of `Candidates`."""

    target: str
    score: float
    candidate_index: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates for one query; every array has the shape (candidates,).

    Attributes:
        target_numbers: their numbers in the index.
        question_similarity: cosine of their example questions; 0 without any.
        masked_similarity: the same with names masked in query and questions; 0 without any.
        similarity: weighted mean of the cosines of example questions and text.
        log_likelihood: of each, by the target classifier; 0 for all without example questions.
        wording_likelihood: the same by the wording classifier.
        term_overlap: share of the query's wording that they contain, 0 to 1.
        fused_score: what they are ranked by.
        is_answering, is_gap, is_small_talk, is_refusal: their type; exactly one is true for each.
    """

    target_numbers: NDArray[np.int64]
    question_similarity: Float32Array
    masked_similarity: Float32Array
    similarity: Float32Array
    log_likelihood: Float32Array
    wording_likelihood: Float32Array
    term_overlap: Float32Array
    fused_score: Float32Array
    is_answering: BoolArray
    is_gap: BoolArray
    is_small_talk: BoolArray
    is_refusal: BoolArray


def score_candidates(
    reader: IndexReader, question: str, vector: Float32Array, masked_vector: Float32Array | None
) -> Candidates:
    """Score the candidates for a question; ``masked_vector`` is None if it contains no name to mask.

    Both vectors have the shape (dimension,) and unit length.
    """
    overlap = reader.term_overlap_index.term_overlap(question)
    queries = vector[None] if masked_vector is None else np.stack([vector, masked_vector])
    if reader.group_scorers:
        target_numbers, by_kind, masked_similarity = _pool_all_rows(reader, reader.group_scorers, queries)
    else:
        target_numbers, by_kind = _pool_nearest_rows(reader, vector, overlap)
        masked_similarity = _pool_nearest_masked_rows(reader, queries[-1], target_numbers)
    overlap = overlap[target_numbers]
    by_questions, by_text = by_kind[QUESTION_KIND], _mean_text_similarity(by_kind)
    similarity = (QUESTION_WEIGHT * by_questions + by_text) / (QUESTION_WEIGHT + 1)
    # A document has no example questions, and an intent no text.
    similarity = np.nan_to_num(np.where(np.isnan(by_questions), by_text, similarity))
    log_likelihood = reader.target_classifier.log_likelihoods(vector)[target_numbers]
    wording_likelihood = reader.wording_classifier.log_likelihoods(hash_grams(question))[target_numbers]
    fused_score = similarity + TERM_OVERLAP_WEIGHT * overlap
    fused_score += CLASSIFIER_WEIGHT * log_likelihood + WORDING_WEIGHT * wording_likelihood
    if masked_vector is not None:
        fused_score = add_masked_similarity(fused_score, masked_similarity)
    target_flags = (reader.is_gap, reader.is_intent, reader.is_refusal)
    is_gap, is_intent, is_refusal = (flags[target_numbers] for flags in target_flags)
    return Candidates(
        target_numbers=target_numbers,
        question_similarity=np.nan_to_num(by_questions),
        masked_similarity=masked_similarity,
        similarity=similarity,
        log_likelihood=log_likelihood,
        wording_likelihood=wording_likelihood,
        term_overlap=overlap,
        fused_score=fused_score,
        is_answering=~(is_gap | is_intent),
        is_gap=is_gap,
        is_small_talk=is_intent & ~is_refusal,
        is_refusal=is_refusal,
    )


def add_masked_similarity(fused_score: Float32Array, masked_similarity: Float32Array) -> Float32Array:
    """Add the similarity with names masked to the fused score of a query that contains a name; all shapes (n,).

    Every passage about an entity is similar to any query naming it, definitions most of all. A target without example
    questions gets the mean of the others.
    """
    has_examples = masked_similarity > 0
    if not has_examples.any():
        return fused_score
    filled: Float32Array = np.where(has_examples, masked_similarity, masked_similarity[has_examples].mean())
    return fused_score + MASKED_WEIGHT * filled


def _pool_all_rows(
    reader: IndexReader, scorers: GroupScorers, queries: Float32Array
) -> tuple[NDArray[np.int64], Float32Array, Float32Array]:
    """Return the numbers of all targets, their similarities by kind, and those of their masked questions.

    ``queries`` (1 or 2, d): the masked questions are compared with the last one. Shapes and missing values are as
    returned by the two functions below.
    """
    penalised = reader.vector_index.compute_similarities(queries) - reader.row_penalties
    by_kind = scorers.unmasked.pool_similarities(penalised[0, scorers.unmasked.rows])
    masked = scorers.masked.pool_similarities(penalised[-1, scorers.masked.rows])[MASKED_KIND]
    return np.arange(len(reader.target_names)), by_kind, np.nan_to_num(masked)


def _pool_nearest_rows(
    reader: IndexReader, vector: Float32Array, overlap: Float32Array
) -> tuple[NDArray[np.int64], Float32Array]:
    """Return the candidates' numbers (n,) and similarities by kind of passage (kinds, n), NaN for a missing kind."""
    rows, similarities = reader.vector_index.find_nearest(vector, MAX_NEIGHBOURS)
    row_targets = reader.row_targets[rows]
    target_numbers = np.union1d(row_targets, _best_by_overlap(overlap))
    row_owners = np.searchsorted(target_numbers, row_targets).astype(np.int32)
    scorer = GroupScorer(row_owners, reader.row_kinds[rows], len(target_numbers))
    by_kind = scorer.pool_similarities(similarities - reader.row_penalties[rows])
    text_row = by_kind[TEXT_KINDS[0]]
    text_row[np.isnan(text_row)] = similarities.min(initial=1.0)  # an upper bound for everything else
    return target_numbers, by_kind


def _pool_nearest_masked_rows(
    reader: IndexReader, vector: Float32Array, target_numbers: NDArray[np.int64]
) -> Float32Array:
    """Return the similarity of the targets' masked example questions, shape (targets,); 0 if they have none."""
    if not reader.proper_names:  # no masked questions were indexed
        return np.zeros(len(target_numbers), np.float32)
    rows, similarities = reader.vector_index.find_nearest(vector, MAX_NEIGHBOURS)
    is_candidate = np.isin(reader.row_targets[rows], target_numbers)
    row_targets = np.searchsorted(target_numbers, reader.row_targets[rows[is_candidate]]).astype(np.int32)
    scorer = GroupScorer(row_targets, reader.row_kinds[rows[is_candidate]], len(target_numbers))
    filled: Float32Array = np.nan_to_num(scorer.pool_similarities(similarities[is_candidate])[MASKED_KIND])
    return filled


def _mean_text_similarity(by_kind: Float32Array) -> Float32Array:
    """Return the mean over text, sentences and windows; a short text counts as its own sentence and window."""
    by_text = by_kind[TEXT_KINDS]
    mean: Float32Array = np.where(np.isnan(by_text), by_text[0], by_text).mean(axis=0)
    return mean


def _best_by_overlap(overlap: Float32Array) -> NDArray[np.int64]:
    strong = np.flatnonzero(overlap > 0.5 * overlap.max(initial=0.0))
    if len(strong) <= MAX_BY_OVERLAP:
        return strong
    return strong[np.argpartition(-overlap[strong], MAX_BY_OVERLAP)[:MAX_BY_OVERLAP]]
