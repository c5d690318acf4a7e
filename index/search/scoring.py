"""What speaks for each target in question: its questions, its text, its wording, and all of it together."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.search.near import masked_similarities, select_candidates
from index.storage.reader import IndexReader

QUESTION_WEIGHT = 2.0  # of the vote by questions, beside the mean of the votes by text
TERM_OVERLAP_WEIGHT = 0.15  # of the wording, beside the cosines
MASKED_WEIGHT = 0.25  # of the question without the names in it; all measured, see docs/figures.md
Float32Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CandidateScores:
    """For each target in question, all of shape (n,); ``numbers`` are the targets'.

    ``question``: cosine of its example questions (0 without any); ``likeness``: of its questions and its text;
    ``cover``: share of the question's wording that it holds; ``fused``: the last two (see `named`).
    """

    target_numbers: NDArray[np.int64]
    question_similarity: Float32Array
    similarity: Float32Array
    term_overlap: Float32Array
    fused_score: Float32Array


def score_candidates(reader: IndexReader, question: str, vector: Float32Array) -> CandidateScores:
    """The votes on a question with its vector."""
    overlap = reader.term_overlap_index.term_overlap(question)
    similarities = select_candidates(reader, vector, overlap)
    overlap = overlap[similarities.target_numbers]
    similarity = (QUESTION_WEIGHT * similarities.by_questions + similarities.by_text) / (QUESTION_WEIGHT + 1)
    similarity = np.where(
        np.isnan(similarities.by_questions), similarities.by_text, similarity
    )  # a document without example questions
    similarity = np.nan_to_num(similarity)  # an intent has no text
    fused_score = similarity + TERM_OVERLAP_WEIGHT * overlap
    return CandidateScores(
        similarities.target_numbers, np.nan_to_num(similarities.by_questions), similarity, overlap, fused_score
    )


def masked_scores(reader: IndexReader, vector: Float32Array, target_numbers: NDArray[np.int64]) -> Float32Array:
    """The cosine of a question without names to the example questions without names, of these targets (0 without)."""
    scores: Float32Array = np.nan_to_num(masked_similarities(reader, vector, target_numbers))
    return scores


def add_name_free_similarity(candidates: CandidateScores, masked: Float32Array) -> CandidateScores:
    """The votes on a question with a name in it, where what it asks about the name counts once more.

    All that is said of a thing is near to every question that names it, most of all what it is. A target without
    example questions gets what the others get on average.
    """
    has_examples = masked > 0
    if not has_examples.any():
        return candidates
    filled: Float32Array = np.where(has_examples, masked, masked[has_examples].mean())
    return replace(candidates, fused_score=candidates.fused_score + MASKED_WEIGHT * filled)
