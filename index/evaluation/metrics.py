"""How right the bot is on labelled questions: figures over outcomes, by kind and language. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.run import Judged
from index.evaluation.slices import Slices, by_kind, by_language, totals

BINS = 10
MEASURES: Mapping[str, Callable[[Judged], bool]] = {
    "right": lambda one: one.right,
    "answered": lambda one: one.status == "answered",
    "wrong": lambda one: one.wrong,
    "refused": lambda one: one.refused,
}


@dataclass(frozen=True, slots=True)
class Row:
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
class Bin:
    """Questions of neighbouring probability: the mean of it, and the share whose first entry is right."""

    count: int
    probability: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one part of the questions.

    Attributes:
        kinds, languages, totals: rows of shares.
        first: share of the answerable whose first entry is right, before any decision.
        auroc_far, auroc_near: how well the probability parts answers from what must not be answered.
        calibration_error: expected calibration error, 0 to 1.
        p50, p95: duration of a search in milliseconds.
    """

    count: int
    kinds: tuple[Row, ...]
    languages: tuple[Row, ...]
    totals: tuple[Row, ...]
    first: Estimate | None
    auroc_far: Estimate | None
    auroc_near: Estimate | None
    calibration_error: float
    p50: float
    p95: float


def figures(judged: Sequence[Judged]) -> Figures:
    """All figures of at least one question."""
    p50, p95 = np.percentile([one.ms for one in judged], (50, 95))
    return Figures(
        count=len(judged),
        kinds=rows(by_kind(judged)),
        languages=rows(by_language(judged)),
        totals=rows(totals(judged)),
        first=_first(judged),
        auroc_far=_auroc(judged, "far"),
        auroc_near=_auroc(judged, "near", "unanswerable"),
        calibration_error=calibration_error(reliability(judged)),
        p50=float(p50),
        p95=float(p95),
    )


def table(judged: Sequence[Judged]) -> list[Row]:
    """A row a kind, a row a language of the answerable, and the two figures that count."""
    return list(rows({**by_kind(judged), **by_language(judged), **totals(judged)}))


def rows(slices: Slices) -> tuple[Row, ...]:
    """A row for each slice that holds a question."""
    return tuple(_row(name, found) for name, found in slices.items() if found)


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """The questions in bins of equal size, by rising probability."""
    ordered = sorted(judged, key=lambda one: one.probability)
    found = [ordered[len(ordered) * n // BINS : len(ordered) * (n + 1) // BINS] for n in range(BINS)]
    return [_bin(inside) for inside in found if inside]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance between probability and share of right ones, 0 to 1."""
    return sum(abs(one.probability - one.right.value) * one.count for one in bins) / sum(one.count for one in bins)


def risk_coverage(judged: Sequence[Judged]) -> tuple[list[float], list[float]]:
    """For every number of answers shown, the surest first: the share answered, and the wrong share of these."""
    ordered = sorted(judged, key=lambda one: -one.probability)
    wrong = np.cumsum([not one.best_right for one in ordered])
    shown = np.arange(1, len(ordered) + 1)
    return (shown / len(judged)).tolist(), (wrong / shown).tolist()


def confusion(judged: Sequence[Judged]) -> dict[str, Counter[tuple[str, bool]]]:
    """For each kind of question, how many had which status, rightly or not."""
    return {kind: Counter((one.status, one.right) for one in found) for kind, found in by_kind(judged).items()}


def worst_wrong(judged: Sequence[Judged], limit: int = 10) -> list[Judged]:
    """Wrong answers, the most confident first."""
    found = [one for one in judged if one.status == "answered" and not one.right]
    return sorted(found, key=lambda one: -one.probability)[:limit]


def worst_refused(judged: Sequence[Judged], limit: int = 10) -> list[Judged]:
    """Answerable questions that were refused, the most surely refused first."""
    return sorted((one for one in judged if one.refused), key=lambda one: one.probability)[:limit]


def _row(name: str, found: Sequence[Judged]) -> Row:
    shares = {key: bootstrap.mean([measure(one) for one in found]) for key, measure in MEASURES.items()}
    return Row(slice=name, count=len(found), **shares)


def _bin(found: Sequence[Judged]) -> Bin:
    probability = float(np.mean([one.probability for one in found]))
    return Bin(len(found), probability, bootstrap.mean([one.best_right for one in found]))


def _first(judged: Sequence[Judged]) -> Estimate | None:
    found = [one.best_right for one in judged if one.item.answerable]
    return bootstrap.mean(found) if found else None


def _auroc(judged: Sequence[Judged], *kinds: str) -> Estimate | None:
    positive = [one.probability for one in judged if one.best_right]
    negative = [one.probability for one in judged if one.item.kind in kinds and not one.item.answerable]
    return bootstrap.auroc(positive, negative)
