"""Fit the probes on example questions and the decision on labelled ones. Needs scikit-learn; not used for serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import Calibration, LogisticModel, calibration_from_costs, constant_model
from index.decision.features import MODEL_FEATURES, Float64Array
from index.decision.probes import LinearProbe, Probes
from index.encoder.encoder import Encoder
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.metrics import calibration_error, reliability_bins
from index.search.searcher import Searcher
from index.storage.layout import VECTORS_FILE
from index.storage.reader import IndexReader
from knowledge.loader import Knowledge
from knowledge.passages import KINDS, PassageKind
from knowledge.records.entry import Layer

FOLD_COUNT = 8
# scikit-learn's C, the inverse of the regularisation strength
INVERSE_REGULARISATION = 3.0
PROBE_INVERSE_REGULARISATION = 10.0
PROBE_DECIMALS = 4
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


def fit_probes(reader: IndexReader, encoder: Encoder) -> Probes:
    """Fit the probes on the questions of entries and gaps and the phrases of intents; constants without any.

    ``reader`` is of an index folder, whose vectors are from ``encoder``.
    """
    is_question = reader.row_kinds == KINDS.index(PassageKind.QUESTION)
    if not is_question.any():
        return Probes()
    vectors = np.load(Path(reader.version) / VECTORS_FILE)[is_question].astype(np.float32)
    targets = reader.row_targets[is_question]
    is_intent, is_talk = reader.is_intent[targets], (reader.is_intent & ~reader.is_refusal)[targets]
    return Probes(
        encoder.revision,
        talk=_fit_probe(vectors, is_talk),
        request=_fit_probe(vectors[is_talk], reader.is_request[targets][is_talk]),
        refusal=_fit_probe(vectors, reader.is_refusal[targets]),
        gap=_fit_probe(vectors[~is_intent], reader.is_gap[targets][~is_intent]),
    )


def _fit_probe(vectors: NDArray[np.float32], labels: NDArray[np.bool_]) -> LinearProbe:
    from sklearn.linear_model import LogisticRegression

    if labels.all() or not labels.any():
        return LinearProbe()
    fitted: Any = LogisticRegression(C=PROBE_INVERSE_REGULARISATION, max_iter=1000).fit(vectors, labels)
    weights = np.round(fitted.coef_[0].astype(np.float64), PROBE_DECIMALS).tolist()
    return LinearProbe(tuple(weights), round(float(fitted.intercept_[0]), PROBE_DECIMALS))


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


def fit_calibration(samples: Sequence[TrainingSample], probes: Probes, origin: str) -> tuple[Calibration, float]:
    """Fit the models of a query on all samples, and none yet of follow-ups.

    Also returns the expected calibration error on topics left out of the fit. ``probes`` are those that the samples
    were extracted with.
    """
    bins = reliability_bins(cross_validated_predictions(samples), [sample.is_correct for sample in samples])
    models = _fit_models(samples) | {"leaning": constant_model(MODEL_FEATURES["leaning"], NEVER_LOG_ODDS)}
    return calibration_from_costs(probes, models, origin), calibration_error(bins)


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
