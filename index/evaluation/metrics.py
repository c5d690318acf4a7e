"""How right the bot is on labelled questions: figures over outcomes, by kind and language. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.run import EvaluatedQuestion
from index.evaluation.slices import QuestionSlices, group_by_answerability, group_by_kind, group_by_language

BIN_COUNT = 10
OUTCOME_MEASURES: Mapping[str, Callable[[EvaluatedQuestion], bool]] = {
    "right": lambda one: one.right,
    "answered": lambda one: one.status == "answered",
    "wrong": lambda one: one.is_wrong,
    "refused": lambda one: one.is_refused,
}


@dataclass(frozen=True, slots=True)
class SliceMetrics:
    """Figures of one slice; shares of ``count``, 0 to 1.

    ``answered``: answered at all; ``wrong``: answered or offered, and not right; ``refused``: answerable and refused.
    """

    slice: str
    count: int
    right: Estimate
    answered: Estimate
    wrong: Estimate
    refused: Estimate


@dataclass(frozen=True, slots=True)
class ProbabilityBin:
    """Questions of neighbouring probability: the mean of it, and the share whose first entry is right."""

    count: int
    probability: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class EvaluationMetrics:
    """All figures of one part of the questions.

    Attributes:
        kinds, languages, totals: rows of shares.
        first: share of the answerable whose first entry is right, before any decision.
        auroc_far, auroc_near: how well the probability parts answers from what must not be answered.
        calibration_error: expected calibration error, 0 to 1.
        p50, p95: duration of a search in milliseconds.
    """

    count: int
    kinds: tuple[SliceMetrics, ...]
    languages: tuple[SliceMetrics, ...]
    totals: tuple[SliceMetrics, ...]
    first: Estimate | None
    auroc_far: Estimate | None
    auroc_near: Estimate | None
    calibration_error: float
    p50: float
    p95: float


def compute_metrics(evaluated: Sequence[EvaluatedQuestion]) -> EvaluationMetrics:
    """All figures of at least one question."""
    p50, p95 = np.percentile([question.ms for question in evaluated], (50, 95))
    return EvaluationMetrics(
        count=len(evaluated),
        kinds=metrics_by_slice(group_by_kind(evaluated)),
        languages=metrics_by_slice(group_by_language(evaluated)),
        totals=metrics_by_slice(group_by_answerability(evaluated)),
        first=_top1_accuracy(evaluated),
        auroc_far=_auroc_against(evaluated, "far"),
        auroc_near=_auroc_against(evaluated, "near", "unanswerable"),
        calibration_error=calibration_error(reliability_bins(evaluated)),
        p50=float(p50),
        p95=float(p95),
    )


def metrics_table(evaluated: Sequence[EvaluatedQuestion]) -> list[SliceMetrics]:
    """A row a kind, a row a language of the answerable, and the two figures that count."""
    return list(
        metrics_by_slice(
            {**group_by_kind(evaluated), **group_by_language(evaluated), **group_by_answerability(evaluated)}
        )
    )


def metrics_by_slice(slices: QuestionSlices) -> tuple[SliceMetrics, ...]:
    """A row for each slice that holds a question."""
    return tuple(_slice_metrics(name, group) for name, group in slices.items() if group)


def reliability_bins(evaluated: Sequence[EvaluatedQuestion]) -> list[ProbabilityBin]:
    """The questions in bins of equal size, by rising probability."""
    ordered = sorted(evaluated, key=lambda question: question.probability)
    groups = [
        ordered[len(ordered) * number // BIN_COUNT : len(ordered) * (number + 1) // BIN_COUNT]
        for number in range(BIN_COUNT)
    ]
    return [_make_bin(group) for group in groups if group]


def calibration_error(bins: Sequence[ProbabilityBin]) -> float:
    """The mean distance between probability and share of right ones, 0 to 1."""
    return sum(
        abs(probability_bin.probability - probability_bin.right.value) * probability_bin.count
        for probability_bin in bins
    ) / sum(probability_bin.count for probability_bin in bins)


def risk_coverage_curve(evaluated: Sequence[EvaluatedQuestion]) -> tuple[list[float], list[float]]:
    """For every number of answers shown, the surest first: the share answered, and the wrong share of these."""
    ordered = sorted(evaluated, key=lambda question: -question.probability)
    wrong_counts = np.cumsum([not question.best_right for question in ordered])
    shown_counts = np.arange(1, len(ordered) + 1)
    return (shown_counts / len(evaluated)).tolist(), (wrong_counts / shown_counts).tolist()


def confusion_counts(evaluated: Sequence[EvaluatedQuestion]) -> dict[str, Counter[tuple[str, bool]]]:
    """For each kind of question, how many had which status, rightly or not."""
    return {
        kind: Counter((question.status, question.right) for question in group)
        for kind, group in group_by_kind(evaluated).items()
    }


def worst_wrong_answers(evaluated: Sequence[EvaluatedQuestion], limit: int = 10) -> list[EvaluatedQuestion]:
    """Wrong answers, the most confident first."""
    wrong_answers = [question for question in evaluated if question.status == "answered" and not question.right]
    return sorted(wrong_answers, key=lambda question: -question.probability)[:limit]


def worst_refusals(evaluated: Sequence[EvaluatedQuestion], limit: int = 10) -> list[EvaluatedQuestion]:
    """Answerable questions that were refused, the most surely refused first."""
    return sorted(
        (question for question in evaluated if question.is_refused), key=lambda question: question.probability
    )[:limit]


def _slice_metrics(name: str, group: Sequence[EvaluatedQuestion]) -> SliceMetrics:
    shares = {
        key: bootstrap.estimate_mean([measure(question) for question in group])
        for key, measure in OUTCOME_MEASURES.items()
    }
    return SliceMetrics(slice=name, count=len(group), **shares)


def _make_bin(group: Sequence[EvaluatedQuestion]) -> ProbabilityBin:
    probability = float(np.mean([question.probability for question in group]))
    return ProbabilityBin(
        len(group), probability, bootstrap.estimate_mean([question.best_right for question in group])
    )


def _top1_accuracy(evaluated: Sequence[EvaluatedQuestion]) -> Estimate | None:
    correct = [question.best_right for question in evaluated if question.item.is_answerable]
    return bootstrap.estimate_mean(correct) if correct else None


def _auroc_against(evaluated: Sequence[EvaluatedQuestion], *kinds: str) -> Estimate | None:
    positive = [question.probability for question in evaluated if question.best_right]
    negative = [
        question.probability
        for question in evaluated
        if question.item.kind in kinds and not question.item.is_answerable
    ]
    return bootstrap.estimate_auroc(positive, negative)
