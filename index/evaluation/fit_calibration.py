"""Fit the decision on labelled questions. Uses scikit-learn, so it is a build tool and no part of serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import Calibration, LogisticModel, calibration_from_costs, constant_model
from index.decision.features import MODEL_FEATURES, Float64Array
from index.evaluation.dataset import LabelledQuestion
from index.search.searcher import Searcher
from knowledge.loader import Knowledge
from knowledge.records.entry import Layer

FOLD_COUNT = 8
INVERSE_REGULARISATION = 3.0  # of the weights, the inverse of the strength of regularisation
SMALL_TALK_STATUSES = ("consultation", "smalltalk")
NEVER_LOG_ODDS = -40.0  # the log-odds of what was not seen


@dataclass(frozen=True, slots=True)
class TrainingSample:
    """What the models learn from one question: the values of each model's features, and what it should say.

    ``talk``: it is small talk or a wish for a person; ``right``: the first entry answers it.
    """

    item: LabelledQuestion
    values_by_model: Mapping[str, Float64Array]
    is_small_talk: bool
    is_correct: bool


def extract_sample(item: LabelledQuestion, searcher: Searcher) -> TrainingSample | None:
    """What the models learn from one question; None where there is nothing to decide on."""
    result = searcher.search(item.question)
    if result.features is None:
        return None
    return TrainingSample(
        item=item,
        values_by_model={name: result.features.values(name) for name in MODEL_FEATURES},
        is_small_talk=bool(result.intent) and item.expect in SMALL_TALK_STATUSES,  # a foreign folder knows no talk
        is_correct=item.is_answerable and result.hits[0].target in item.entries,
    )


def without_examples(knowledge: Knowledge) -> Knowledge:
    """The same knowledge as a foreign folder would hold it: German texts alone, no questions, gaps or intents."""
    entries = (entry for entry in knowledge.entries if entry.lang == "de" and entry.layer is not Layer.GAP)
    texts = tuple(replace(entry, questions=(), layer=Layer.DOCUMENT) for entry in entries)
    return Knowledge(knowledge.folder, texts)


def fit_calibration(samples: Sequence[TrainingSample], origin: str) -> tuple[Calibration, float]:
    """The models over all samples, and the expected calibration error on topics that were left out of the fit."""
    return calibration_from_costs(_fit_models(samples), origin), calibration_error(
        cross_validated_predictions(samples), np.array([sample.is_correct for sample in samples])
    )


def calibration_error(probabilities: Float64Array, correct: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean distance between predicted probability and share of right ones, over bins of equal size."""
    bin_rows = np.array_split(np.argsort(probabilities), bins)
    errors = [abs(probabilities[rows].mean() - correct[rows].mean()) * len(rows) for rows in bin_rows if len(rows)]
    return float(sum(errors) / len(correct))


def cross_validated_predictions(samples: Sequence[TrainingSample]) -> Float64Array:
    """The probability (n,) that the first entry answers, by models that saw nothing of the question's topic."""
    from sklearn.model_selection import GroupKFold

    topics = [sample.item.topic for sample in samples]
    probabilities = np.zeros(len(samples))
    for train_rows, test_rows in GroupKFold(min(FOLD_COUNT, len(set(topics)))).split(samples, groups=topics):
        models = _fit_models([samples[row] for row in train_rows])
        for row in test_rows:
            p_small_talk, p_answerable, p_top_correct = (
                models[name].predict_probability(samples[row].values_by_model[name]) for name in models
            )
            probabilities[row] = (1 - p_small_talk) * p_answerable * p_top_correct
    return probabilities


def _fit_models(samples: Sequence[TrainingSample]) -> dict[str, LogisticModel]:
    questions = [sample for sample in samples if not sample.is_small_talk]
    answerable = [sample for sample in questions if sample.item.is_answerable]
    return {
        "talk": _fit_model("talk", samples, [sample.is_small_talk for sample in samples]),
        "scope": _fit_model("scope", questions, [sample.item.is_answerable for sample in questions]),
        "order": _fit_model("order", answerable, [sample.is_correct for sample in answerable]),
    }


def _fit_model(name: str, samples: Sequence[TrainingSample], labels: Sequence[bool]) -> LogisticModel:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    if not any(labels):
        return constant_model(MODEL_FEATURES[name], NEVER_LOG_ODDS)
    rows = [sample.values_by_model[name] for sample in samples]
    scaler = StandardScaler().fit(rows)
    fitted: Any = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=5000).fit(scaler.transform(rows), labels)
    centre, scale, weights = (_round_values(values) for values in (scaler.mean_, scaler.scale_, fitted.coef_[0]))
    return LogisticModel(MODEL_FEATURES[name], centre, scale, weights, round(float(fitted.intercept_[0]), 5))


def _round_values(numbers: Float64Array) -> list[float]:
    return [round(float(number), 5) for number in numbers]
