"""Evaluate labelled questions: run each through the searcher and record the outcome."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from index.decision.features import feature_values
from index.evaluation.dataset import LabelledQuestion, is_correct, outcome_status
from index.search.searcher import EMPTY_QUERY_OUTCOME, ScoredQuery, Searcher, shown_entry_ids

BIAS_FEATURE = "bias"


@dataclass(frozen=True, slots=True)
class FeatureContribution:
    """A feature of the decision: its value, and its contribution (``share``) to the log-odds of answering.

    A positive share favours an answer, a negative one a refusal.
    """

    feature: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class EvaluatedQuestion:
    """A labelled question with its outcome.

    Attributes:
        status: as `gwbot ask` reports it.
        right: whether the outcome is the expected one.
        shown: the entry shown as the answer, or the entries offered.
        best: the top-ranked entry; "" if there is none.
        best_right: whether ``best`` is right, whatever was decided.
        probability: the estimated probability (0 to 1) that ``best`` is right.
        reasons: the answerability features and the bias; their shares add up to the log-odds.
        ms: duration of the search in milliseconds.
    """

    item: LabelledQuestion
    status: str
    right: bool
    shown: tuple[str, ...]
    best: str
    best_right: bool
    probability: float
    reasons: tuple[FeatureContribution, ...]
    ms: float

    @property
    def outcome_text(self) -> str:
        """The outcome in words."""
        prefix = {"answered": "answered with ", "clarify": "offered "}.get(self.status, self.status)
        return prefix + ", ".join(self.shown)

    @property
    def is_wrong(self) -> bool:
        """Whether a wrong answer or choice was shown."""
        return self.status in ("answered", "clarify") and not self.right

    @property
    def is_refused(self) -> bool:
        """Whether an answerable question was refused."""
        return self.item.is_answerable and self.status == "abstained"


def evaluate_questions(items: Iterable[LabelledQuestion], searcher: Searcher) -> list[EvaluatedQuestion]:
    """Evaluate every question, in order."""
    searcher.search("Aufwärmen")  # warm-up: the first search reads files into the page cache
    return [_evaluate_question(item, searcher) for item in items]


def _evaluate_question(item: LabelledQuestion, searcher: Searcher) -> EvaluatedQuestion:
    start = time.perf_counter()
    scored = searcher.score_query(item.question)
    outcome = searcher.decide_outcome(scored) if scored else EMPTY_QUERY_OUTCOME
    ms = (time.perf_counter() - start) * 1000
    top_entry_id = scored.hits[0].target if scored else ""
    return EvaluatedQuestion(
        item=item,
        status=outcome_status(outcome),
        right=is_correct(item, outcome),
        shown=shown_entry_ids(outcome),
        best=top_entry_id,
        best_right=item.is_answerable and top_entry_id in item.entries,
        probability=scored.probabilities.correct if scored else 0.0,
        reasons=tuple(_feature_contributions(scored, searcher)) if scored else (),
        ms=ms,
    )


def _feature_contributions(scored: ScoredQuery, searcher: Searcher) -> Iterator[FeatureContribution]:
    model, values = searcher.reader.calibration.scope, feature_values(scored.answerability)
    for value, (name, contribution) in zip(values.tolist(), model.contributions(values).items(), strict=True):
        yield FeatureContribution(name, value, contribution)
    yield FeatureContribution(BIAS_FEATURE, 1.0, model.bias)
