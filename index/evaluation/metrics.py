"""Metrics over evaluated questions, as a whole and by kind and language. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.dataset import ANSWERABLE_KINDS
from index.evaluation.run import EvaluatedQuestion

BIN_COUNT = 10
JUDGEMENT_SPLIT = "judgement"
QuestionSlices = Mapping[str, Sequence[EvaluatedQuestion]]
OUTCOME_MEASURES: Mapping[str, Callable[[EvaluatedQuestion], bool]] = {
    "right": lambda question: question.right,
    "answered": lambda question: question.text_shown,
    "wrong": lambda question: question.is_wrong,
    "refused": lambda question: question.is_refused,
}


@dataclass(frozen=True, slots=True)
class SliceMetrics:
    """Metrics of one slice as shares (0 to 1) of ``count``.

    ``answered``: the text of an entry was shown, also as the first of a choice; ``wrong``: answered or offered, but
    wrong; ``refused``: answerable, but refused.
    """

    slice: str
    count: int
    right: Estimate
    answered: Estimate
    wrong: Estimate
    refused: Estimate


@dataclass(frozen=True, slots=True)
class ProbabilityBin:
    """Questions of similar probability: its mean, and the share whose top entry is right."""

    count: int
    probability: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class EvaluationMetrics:
    """All metrics of one split of the questions.

    Attributes:
        kinds, languages, totals: one row per slice.
        first: share of the answerable questions whose top entry is right, whatever was decided.
        auroc_far, auroc_near: how well the probability separates right answers from questions to be refused.
        calibration_error: expected calibration error (ECE), 0 to 1.
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


def splits(evaluated: Sequence[EvaluatedQuestion]) -> dict[str, list[EvaluatedQuestion]]:
    """Return the judgement split, if there is one, and then all questions."""
    unseen = [question for question in evaluated if question.item.split == JUDGEMENT_SPLIT]
    return {**({JUDGEMENT_SPLIT: unseen} if unseen else {}), "all": list(evaluated)}


def group_by_kind(evaluated: Sequence[EvaluatedQuestion]) -> QuestionSlices:
    """Group questions by kind, in order of first occurrence."""
    slices: dict[str, list[EvaluatedQuestion]] = defaultdict(list)
    for question in evaluated:
        slices[question.item.kind].append(question)
    return slices


def group_by_language(evaluated: Sequence[EvaluatedQuestion]) -> QuestionSlices:
    """Group questions by language, separately for answerable kinds and others; largest first."""
    slices: dict[str, list[EvaluatedQuestion]] = defaultdict(list)
    for question in evaluated:
        group = "answerable" if question.item.kind in ANSWERABLE_KINDS else "others"
        slices[f"{group} in {question.item.lang}"].append(question)
    return dict(sorted(slices.items(), key=lambda item: (item[0].split()[0], -len(item[1]), item[0])))


def group_by_answerability(evaluated: Sequence[EvaluatedQuestion]) -> QuestionSlices:
    """Group questions into those to be answered and all others."""
    return {
        "all answerable": [question for question in evaluated if question.item.is_answerable],
        "all others": [question for question in evaluated if not question.item.is_answerable],
    }


def compute_metrics(evaluated: Sequence[EvaluatedQuestion]) -> EvaluationMetrics:
    """Compute all metrics of at least one question."""
    p50, p95 = np.percentile([question.ms for question in evaluated], (50, 95))
    return EvaluationMetrics(
        count=len(evaluated),
        kinds=metrics_by_slice(group_by_kind(evaluated)),
        languages=metrics_by_slice(group_by_language(evaluated)),
        totals=metrics_by_slice(group_by_answerability(evaluated)),
        first=_top1_accuracy(evaluated),
        auroc_far=_auroc_against(evaluated, "far"),
        auroc_near=_auroc_against(evaluated, "near", "unanswerable"),
        calibration_error=calibration_error(evaluated_bins(evaluated)),
        p50=float(p50),
        p95=float(p95),
    )


def metrics_table(evaluated: Sequence[EvaluatedQuestion]) -> list[SliceMetrics]:
    """Return one row per kind, per language, and for all answerable and all other questions."""
    groups = (group_by_kind(evaluated), group_by_language(evaluated), group_by_answerability(evaluated))
    return [row for slices in groups for row in metrics_by_slice(slices)]


def metrics_by_slice(slices: QuestionSlices) -> tuple[SliceMetrics, ...]:
    """Return one row per slice that is not empty."""
    return tuple(_slice_metrics(name, group) for name, group in slices.items() if group)


def reliability_bins(probabilities: ArrayLike, correct: ArrayLike) -> list[ProbabilityBin]:
    """Sort questions by predicted probability, shape (n,), into at most BIN_COUNT bins of equal size."""
    probabilities, correct = np.asarray(probabilities), np.asarray(correct)
    edges = len(probabilities) * np.arange(BIN_COUNT + 1) // BIN_COUNT
    groups = np.split(np.argsort(probabilities, kind="stable"), edges[1:-1])
    return [
        ProbabilityBin(len(rows), float(probabilities[rows].mean()), bootstrap.estimate_mean(correct[rows]))
        for rows in groups
        if len(rows)
    ]


def evaluated_bins(evaluated: Sequence[EvaluatedQuestion]) -> list[ProbabilityBin]:
    """Return the reliability bins of evaluated questions; correct means that the top entry is right."""
    correct = [question.best_right for question in evaluated]
    return reliability_bins([question.probability for question in evaluated], correct)


def calibration_error(bins: Sequence[ProbabilityBin]) -> float:
    """Return the expected calibration error, 0 to 1 (Naeini et al., Bayesian Binning, 2015, with equal-size bins)."""
    errors = (abs(item.probability - item.right.value) * item.count for item in bins)
    return sum(errors) / sum(item.count for item in bins)


def risk_coverage_curve(evaluated: Sequence[EvaluatedQuestion]) -> tuple[list[float], list[float]]:
    """Return coverage and risk (0 to 1) for every number of answers shown, most confident first."""
    ordered = sorted(evaluated, key=lambda question: -question.probability)
    wrong_counts = np.cumsum([not question.best_right for question in ordered])
    shown_counts = np.arange(1, len(ordered) + 1)
    return (shown_counts / len(evaluated)).tolist(), (wrong_counts / shown_counts).tolist()


def confusion_counts(evaluated: Sequence[EvaluatedQuestion]) -> dict[str, Counter[tuple[str, bool]]]:
    """Count the pairs of status and correctness for each kind of question."""
    return {
        kind: Counter((question.status, question.right) for question in group)
        for kind, group in group_by_kind(evaluated).items()
    }


def worst_wrong_answers(evaluated: Sequence[EvaluatedQuestion], limit: int = 10) -> list[EvaluatedQuestion]:
    """Return wrong answers, most confident first."""
    wrong_answers = [question for question in evaluated if question.status == "answered" and not question.right]
    return sorted(wrong_answers, key=lambda question: -question.probability)[:limit]


def worst_refusals(evaluated: Sequence[EvaluatedQuestion], limit: int = 10) -> list[EvaluatedQuestion]:
    """Return refused answerable questions, least probable first."""
    refusals = [question for question in evaluated if question.is_refused]
    return sorted(refusals, key=lambda question: question.probability)[:limit]


def _slice_metrics(name: str, group: Sequence[EvaluatedQuestion]) -> SliceMetrics:
    shares = {key: bootstrap.estimate_mean(list(map(measure, group))) for key, measure in OUTCOME_MEASURES.items()}
    return SliceMetrics(slice=name, count=len(group), **shares)


def _top1_accuracy(evaluated: Sequence[EvaluatedQuestion]) -> Estimate | None:
    correct = [question.best_right for question in evaluated if question.item.is_answerable]
    return bootstrap.estimate_mean(correct) if correct else None


def _auroc_against(evaluated: Sequence[EvaluatedQuestion], *kinds: str) -> Estimate | None:
    positive = [question.probability for question in evaluated if question.best_right]
    others = (question for question in evaluated if not question.item.is_answerable)
    negative = [question.probability for question in others if question.item.kind in kinds]
    return bootstrap.estimate_auroc(positive, negative)
