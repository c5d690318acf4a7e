"""The features that a decision is based on. Pure.

To add a feature, add a field here, with the model it belongs to and the name under which that model stores it, and
compute its value in `index.search.feature_extraction`, that of a follow-up in `index.search.follow_up`.
"""

from dataclasses import dataclass, field, fields, is_dataclass

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


class _ModelFeatures:
    """Features whose fields name in their metadata the model they belong to, and how that model stores them."""

    __slots__ = ()

    def values(self, model: str) -> Float64Array:
        """Return the features of a model, shape (features,), in the order of ``MODEL_FEATURES[model]``."""
        assert is_dataclass(self)
        return np.array([float(getattr(self, item.name)) for item in fields(self) if model in item.metadata])


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFeatures(_ModelFeatures):
    """The features of one query, by model.

    Similarities are cosines in [-1, 1], shares lie in [0, 1], and a margin is a difference of two of either. "Top" is
    the best-ranked entry that answers something; "masked" compares without proper names.
    """

    # "talk": is it small talk or a request for a human?
    small_talk_margin: float = field(metadata={"talk": "ahead"})  # example sentences of small talk over all others
    talk_log_odds: float = field(metadata={"talk": "talk_odds"})  # by the target classifier
    talk_vote: float = field(metadata={"talk": "vote_talk"})  # the share of small talk in the vote described below
    refusal_log_odds: float = field(metadata={"talk": "refusal_odds"})  # likewise
    # "scope": is it a question that an entry answers?
    similarity: float = field(metadata={"scope": "likeness"})  # of the top, by its example questions and its text
    term_overlap: float = field(metadata={"scope": "cover"})  # share of the query's wording that the top contains
    term_overlap_margin: float = field(metadata={"scope": "cover_ahead"})  # over the best gap; 0 without gaps
    gap_margin: float = field(metadata={"scope": "gap_ahead"})  # example questions of the best gap over the top's
    refusal_margin: float = field(metadata={"scope": "refusal_ahead"})  # refused sentences over any entry or gap
    background_margin: float = field(metadata={"scope": "lead"})  # fused score of the top over the mean further down
    vocabulary_coverage: float = field(metadata={"scope": "familiar"})  # share of words that an indexed language has
    masked_gap_margin: float = field(metadata={"scope": "beside"})  # masked questions of the top over any gap's
    any_masked_gap_margin: float = field(metadata={"scope": "beside_any"})  # those of any entry over any gap's
    # Shares of a soft vote of all candidates, each weighted by how close its example questions are:
    answering_vote: float = field(metadata={"scope": "vote_answers"})  # of the entries that answer something
    gap_vote: float = field(metadata={"scope": "vote_gaps"})
    refusal_vote: float = field(metadata={"scope": "vote_refusals"})
    # How much likelier one is than the other by the target classifier, as a logarithm:
    gap_log_ratio: float = field(metadata={"scope": "gap_ratio"})  # any gap than any entry
    refusal_log_ratio: float = field(metadata={"scope": "refusal_ratio"})  # a refused sentence than any entry
    top_gap_log_ratio: float = field(metadata={"scope": "top_gap_ratio"})  # the top than any gap
    # "order": if an entry answers it, is that the top?
    top1_margin: float = field(metadata={"order": "margin"})  # fused score of the top over the second
    runners_up_margin: float = field(metadata={"order": "ahead"})  # and over the mean of the four after the second
    top1_log_ratio: float = field(metadata={"order": "top_ratio"})  # the top than the next likely entry, as above
    top1_log_likelihood: float = field(metadata={"order": "top_likelihood"})
    # The same ratios by the wording classifier:
    wording_talk_log_odds: float = field(metadata={"talk": "wording_talk_odds"})
    wording_refusal_log_odds: float = field(metadata={"talk": "wording_refusal_odds"})
    wording_gap_log_ratio: float = field(metadata={"scope": "wording_gap_ratio"})
    wording_refusal_log_ratio: float = field(metadata={"scope": "wording_refusal_ratio"})
    wording_top_gap_log_ratio: float = field(metadata={"scope": "wording_top_gap_ratio"})
    wording_top1_log_ratio: float = field(metadata={"order": "wording_top_ratio"})
    wording_top1_log_likelihood: float = field(metadata={"order": "wording_top_likelihood"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpFeatures(_ModelFeatures):
    """The features of a message after an answer: does it lean on the entry shown, or have a subject of its own?

    "Alone" is the search for the message by itself, "within" that for it together with the entry's title.
    """

    words: int = field(metadata={"leaning": "words"})
    content_words: int = field(metadata={"leaning": "content"})  # words that are in no list of discourse markers
    has_leading: bool = field(metadata={"leaning": "leading"})  # see knowledge/understanding.yaml
    has_pointing: bool = field(metadata={"leaning": "pointing"})
    has_closing: bool = field(metadata={"leaning": "closing"})
    # Log-odds of the three models above, and some of their features:
    alone_talk: float = field(metadata={"leaning": "alone_talk"})
    alone_scope: float = field(metadata={"leaning": "alone_scope"})
    alone_order: float = field(metadata={"leaning": "alone_order"})
    alone_similarity: float = field(metadata={"leaning": "alone_likeness"})
    alone_background_margin: float = field(metadata={"leaning": "alone_lead"})
    alone_refusal_margin: float = field(metadata={"leaning": "alone_refusal_ahead"})
    alone_gap_log_ratio: float = field(metadata={"leaning": "alone_gap_ratio"})
    alone_talk_log_odds: float = field(metadata={"leaning": "alone_talk_odds"})
    alone_talk_margin: float = field(metadata={"leaning": "alone_talk_ahead"})
    alone_talk_vote: float = field(metadata={"leaning": "alone_vote_talk"})
    alone_refusal_log_odds: float = field(metadata={"leaning": "alone_refusal_odds"})
    alone_refusal_vote: float = field(metadata={"leaning": "alone_vote_refusals"})
    within_talk: float = field(metadata={"leaning": "within_talk"})
    within_scope: float = field(metadata={"leaning": "within_scope"})
    within_order: float = field(metadata={"leaning": "within_order"})
    within_similarity: float = field(metadata={"leaning": "within_likeness"})
    # The entry that was shown:
    rank: float = field(metadata={"leaning": "rank"})  # log(1 + its rank alone, from 0)
    is_top_within: bool = field(metadata={"leaning": "is_top_within"})
    has_same_top: bool = field(metadata={"leaning": "same_top"})  # alone and within
    sentence_similarity: float = field(metadata={"leaning": "sentence"})  # of its closest sentence with the message
    sentence_margin: float = field(metadata={"leaning": "sentence_lead"})  # over the mean of its sentences


MODEL_FEATURES = {
    model: tuple(item.metadata[model] for item in fields(features) if model in item.metadata)
    for features, models in ((QueryFeatures, ("talk", "scope", "order")), (FollowUpFeatures, ("leaning",)))
    for model in models
}
