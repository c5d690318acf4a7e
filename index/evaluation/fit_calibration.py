"""Fit the decision on labelled questions. Needs scikit-learn; not used for serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from index.decision.calibration import Calibration, LogisticModel, calibration_from_costs, constant_model
from index.decision.features import MODEL_FEATURES, Float64Array
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.metrics import calibration_error, reliability_bins
from index.search.searcher import Searcher
from knowledge.loader import Knowledge
from knowledge.records.entry import Layer

FOLD_COUNT = 8
# scikit-learn's C, the inverse of the regularisation strength
INVERSE_REGULARISATION = 3.0
SMALL_TALK_STATUSES = ("consultation", "smalltalk")
QUERY_MODELS = ("talk", "scope", "order")
NEVER_LOG_ODDS = -40.0  # the log-odds of a class without examples


@dataclass(frozen=True, slots=True)
class TrainingSample:
    """The features of one question for each model, and its labels.

    ``is_small_talk``: it is small talk or a request for a human; ``is_correct``: the top entry answers it.
    """

    item: LabelledQuestion
    values_by_model: Mapping[str, Float64Array]
    is_small_talk: bool
    is_correct: bool


def extract_sample(item: LabelledQuestion, searcher: Searcher) -> TrainingSample | None:
    """Return the training sample of a question; None if there is nothing to decide on."""
    result = searcher.search(item.question)
    if result.features is None:
        return None
    return TrainingSample(
        item=item,
        values_by_model={name: result.features.values(name) for name in QUERY_MODELS},
        is_small_talk=bool(result.intent) and item.expect in SMALL_TALK_STATUSES,  # without intents: never
        is_correct=item.is_answerable and result.hits[0].target in item.entries,
    )


def without_examples(knowledge: Knowledge) -> Knowledge:
    """Return the knowledge as an external folder would have it: German texts only, no questions, gaps or intents."""
    entries = (entry for entry in knowledge.entries if entry.lang == "de" and entry.layer is not Layer.GAP)
    texts = tuple(replace(entry, questions=(), layer=Layer.DOCUMENT) for entry in entries)
    return Knowledge(knowledge.folder, texts)


def fit_calibration(samples: Sequence[TrainingSample], origin: str) -> tuple[Calibration, float]:
    """Fit the models of a query on all samples, and none yet of follow-ups.

    Also returns the expected calibration error on topics left out of the fit.
    """
    bins = reliability_bins(cross_validated_predictions(samples), [sample.is_correct for sample in samples])
    models = _fit_models(samples) | {"leaning": constant_model(MODEL_FEATURES["leaning"], NEVER_LOG_ODDS)}
    return calibration_from_costs(models, origin), calibration_error(bins)


def cross_validated_predictions(samples: Sequence[TrainingSample]) -> Float64Array:
    """Predict the probability (n,) that the top entry answers, with models fitted without the question's topic."""
    from sklearn.model_selection import GroupKFold

    topics = [sample.item.topic for sample in samples]
    probabilities = np.zeros(len(samples))
    for train_rows, test_rows in GroupKFold(min(FOLD_COUNT, len(set(topics)))).split(samples, groups=topics):
        models = _fit_models([samples[row] for row in train_rows])
        for row in test_rows:
            values = samples[row].values_by_model
            p_talk, p_answerable, p_top_correct = (models[name].predict_probability(values[name]) for name in models)
            probabilities[row] = (1 - p_talk) * p_answerable * p_top_correct
    return probabilities


def _fit_models(samples: Sequence[TrainingSample]) -> dict[str, LogisticModel]:
    questions = [sample for sample in samples if not sample.is_small_talk]
    answerable = [sample for sample in questions if sample.item.is_answerable]
    return {
        "talk": _fit_model("talk", samples, [sample.is_small_talk for sample in samples]),
        "scope": _fit_model("scope", questions, [sample.item.is_answerable for sample in questions]),
        "order": _fit_model("order", answerable, [sample.is_correct for sample in answerable]),
    }


def fit_logistic_model(
    name: str, rows: Sequence[Float64Array], labels: Sequence[bool], *, is_balanced: bool = False
) -> LogisticModel:
    """Fit one model by its name; ``rows`` are (n, features). Balanced: both labels count the same in all."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(
        C=INVERSE_REGULARISATION, max_iter=5000, class_weight="balanced" if is_balanced else None
    )
    fitted: Any = model.fit(scaler.transform(rows), labels)
    centre, scale, weights = (_round_values(values) for values in (scaler.mean_, scaler.scale_, fitted.coef_[0]))
    return LogisticModel(MODEL_FEATURES[name], centre, scale, weights, round(float(fitted.intercept_[0]), 5))


def _fit_model(name: str, samples: Sequence[TrainingSample], labels: Sequence[bool]) -> LogisticModel:
    if not any(labels):
        return constant_model(MODEL_FEATURES[name], NEVER_LOG_ODDS)
    return fit_logistic_model(name, [sample.values_by_model[name] for sample in samples], labels)


def _round_values(numbers: Float64Array) -> list[float]:
    return [round(float(number), 5) for number in numbers]
