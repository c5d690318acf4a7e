"""Fit the decision on labelled questions. Uses scikit-learn, so it is a build tool and no part of serving."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.decision import FEATURES, Calibration
from index.labelled import Labelled
from index.search import Searcher
from knowledge.entry import Layer
from knowledge.folder import Knowledge
from knowledge.intents import Reply

WRONG_ANSWER_COST = 3.0  # in needless choices: who is offered the right entry beside two others taps once more
OFFER_SHARE = 0.5  # a choice is offered from this share of the upper threshold on: it costs no more than a tap
FOLDS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """The features of one question's best target, whether it is right, and whether it would be shown as an answer."""

    values: tuple[float, ...]
    right: bool
    shown: bool
    answerable: bool
    topic: str


def sample(item: Labelled, searcher: Searcher) -> Sample | None:
    """What the model learns from one question; None where nothing is ranked."""
    ranked, evidence = searcher.weigh(item.question)
    if not ranked or evidence is None:
        return None
    best = ranked[0].target
    right, shown = _judge(item, best, searcher)
    return Sample(evidence.features(), right, shown, item.answerable, item.topic)


def _judge(item: Labelled, best: str, searcher: Searcher) -> tuple[bool, bool]:
    if best.startswith("@"):
        reply = searcher.opened.intents[best[1:]]
        expected = "abstained" if reply is Reply.REFUSAL else reply.value
        return item.expect == expected, False
    shown = searcher.opened.entry(best, "de").layer is not Layer.GAP
    return best in item.entries, shown


def bare(knowledge: Knowledge) -> Knowledge:
    """The same knowledge as a foreign folder would hold it: German texts alone, no questions, gaps or intents."""
    entries = (entry for entry in knowledge.entries if entry.lang == "de" and entry.layer is not Layer.GAP)
    texts = tuple(replace(entry, questions=(), layer=Layer.DOCUMENT) for entry in entries)
    return Knowledge(knowledge.folder, texts)


def fit(samples: Sequence[Sample], origin: str) -> tuple[Calibration, float]:
    """The model over all samples, and its expected calibration error.

    The error, and the thresholds, come from predictions for topics that were left out of the fit.
    """
    held_out = predictions(samples)
    model = _model().fit(_matrix(samples), _labels(samples))
    scaler, logistic = model["scale"], model["logistic"]
    upper = best_threshold(samples, held_out)
    calibration = Calibration(
        features=FEATURES,
        centre=_rounded(scaler.mean_),
        scale=_rounded(scaler.scale_),
        weights=_rounded(logistic.coef_[0]),
        bias=round(float(logistic.intercept_[0]), 5),
        answer_from=round(upper, 3),
        clarify_from=round(upper * OFFER_SHARE, 3),
        origin=origin,
    )
    return calibration, calibration_error(held_out, _labels(samples))


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean distance between predicted probability and share of right ones, over bins of equal size."""
    order = np.array_split(np.argsort(probabilities), bins)
    gaps = [abs(probabilities[rows].mean() - right[rows].mean()) * len(rows) for rows in order if len(rows)]
    return float(sum(gaps) / len(right))


def predictions(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """The probability of each sample by a model that saw none of its topic, shape (n,)."""
    from sklearn.model_selection import GroupKFold, cross_val_predict

    groups = [item.topic for item in samples]
    folds = GroupKFold(min(FOLDS, len(set(groups))))
    found: NDArray[np.float64] = cross_val_predict(
        _model(), _matrix(samples), _labels(samples), groups=groups, cv=folds, method="predict_proba"
    )[:, 1]
    return found


def best_threshold(samples: Sequence[Sample], probabilities: NDArray[np.float64]) -> float:
    """The probability from which to answer, at the least cost of wrong answers and needless refusals."""
    shown = np.array([item.shown for item in samples])
    right = np.array([item.right for item in samples])
    candidates = np.round(np.arange(0.3, 0.951, 0.01), 2)
    costs = [
        WRONG_ANSWER_COST * (shown & ~right & (probabilities >= limit)).sum()
        + (shown & right & (probabilities < limit)).sum()
        for limit in candidates
    ]
    return float(candidates[int(np.argmin(costs))])


def _matrix(samples: Sequence[Sample]) -> NDArray[np.float64]:
    return np.array([item.values for item in samples])


def _labels(samples: Sequence[Sample]) -> NDArray[np.bool_]:
    return np.array([item.right for item in samples])


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 5) for value in values]


def _model() -> Any:  # scikit-learn ships no types
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    return Pipeline([("scale", StandardScaler()), ("logistic", LogisticRegression(max_iter=5000))])
