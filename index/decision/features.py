"""The figures that a decision is made from. Pure."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SmallTalkFeatures:
    """What tells small talk and wishes for a person from questions: by how much their example sentences are nearer
    than all others. Cosines lie in [-1, 1]."""

    small_talk_margin: float


@dataclass(frozen=True, slots=True)
class AnswerabilityFeatures:
    """What tells whether the question is one that an entry answers. Cosines lie in [-1, 1], shares in [0, 1].

    Attributes:
        likeness: cosine of the first entry, by its example questions and its text.
        cover: share of the question's wording that it holds.
        cover_ahead: by how much it holds more of the wording than the best gap.
        gap_ahead: by how much the example questions of a gap are nearer than its own.
        refusal_ahead: by how much those of what is refused are nearer than those of any entry or gap.
        lead: its fused score above the mean of those further down.
        familiar: share of the question's words that an indexed language knows.
        beside, beside_any: without names, how much nearer the question is to the entry's example questions, and to
            those of any entry, than to those of any gap.
    """

    similarity: float
    term_overlap: float
    term_overlap_margin: float
    gap_margin: float
    refusal_margin: float
    background_margin: float
    vocabulary_coverage: float
    masked_gap_margin: float
    any_masked_gap_margin: float


@dataclass(frozen=True, slots=True)
class RankingFeatures:
    """What tells whether the first is the right one where an entry answers: its fused score above that of the second,
    and above the mean of the four after it."""

    top1_margin: float
    runners_up_margin: float


SMALL_TALK_FEATURES = ("ahead",)
ANSWERABILITY_FEATURES = (
    "likeness",
    "cover",
    "cover_ahead",
    "gap_ahead",
    "refusal_ahead",
    "lead",
    "familiar",
    "beside",
    "beside_any",
)
RANKING_FEATURES = ("margin", "ahead")


def feature_values(features: SmallTalkFeatures | AnswerabilityFeatures | RankingFeatures) -> Float64Array:
    """The values of TALK, SCOPE or ORDER."""
    return np.array([getattr(features, field.name) for field in fields(features)])
