"""Fit the decision on labelled questions. Uses scikit-learn, so it is a build tool and no part of serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import MODELS, Calibration, Model, at_cost, constant
from index.decision.features import Floats, Order, Scope, Talk, values
from index.evaluation.dataset import Labelled
from index.search.searcher import Searcher
from knowledge.loader import Knowledge
from knowledge.records.entry import Layer

FOLDS = 8
LOOSENESS = 3.0  # of the weights, the inverse of the strength of regularisation
TALKING = ("consultation", "smalltalk")
NEVER = -40.0  # the log-odds of what was not seen


@dataclass(frozen=True, slots=True)
class Sample:
    """What the models learn from one question: the values of each model's features, and what it should say.

    ``talk``: it is small talk or a wish for a person; ``right``: the first entry answers it.
    """

    item: Labelled
    values: Mapping[str, Floats]
    talk: bool
    right: bool


def sample(item: Labelled, searcher: Searcher) -> Sample | None:
    """What the models learn from one question; None where there is nothing to decide on."""
    weighed = searcher.weigh(item.question)
    if weighed is None:
        return None
    found: dict[str, Talk | Scope | Order] = {"talk": weighed.talk, "scope": weighed.scope, "order": weighed.order}
    return Sample(
        item=item,
        values={name: values(features) for name, features in found.items()},
        talk=bool(weighed.intent) and item.expect in TALKING,  # a foreign folder knows no talk
        right=item.answerable and weighed.ranked[0].target in item.entries,
    )


def bare(knowledge: Knowledge) -> Knowledge:
    """The same knowledge as a foreign folder would hold it: German texts alone, no questions, gaps or intents."""
    entries = (entry for entry in knowledge.entries if entry.lang == "de" and entry.layer is not Layer.GAP)
    texts = tuple(replace(entry, questions=(), layer=Layer.DOCUMENT) for entry in entries)
    return Knowledge(knowledge.folder, texts)


def fit(samples: Sequence[Sample], origin: str) -> tuple[Calibration, float]:
    """The models over all samples, and the expected calibration error on topics that were left out of the fit."""
    return at_cost(_models(samples), origin), calibration_error(
        predictions(samples), np.array([one.right for one in samples])
    )


def calibration_error(probabilities: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean distance between predicted probability and share of right ones, over bins of equal size."""
    order = np.array_split(np.argsort(probabilities), bins)
    gaps = [abs(probabilities[rows].mean() - right[rows].mean()) * len(rows) for rows in order if len(rows)]
    return float(sum(gaps) / len(right))


def predictions(samples: Sequence[Sample]) -> Floats:
    """The probability (n,) that the first entry answers, by models that saw nothing of the question's topic."""
    from sklearn.model_selection import GroupKFold

    groups = [one.item.topic for one in samples]
    found = np.zeros(len(samples))
    for seen, unseen in GroupKFold(min(FOLDS, len(set(groups)))).split(samples, groups=groups):
        models = _models([samples[at] for at in seen])
        for at in unseen:
            talk, scope, order = (models[name].probability(samples[at].values[name]) for name in models)
            found[at] = (1 - talk) * scope * order
    return found


def _models(samples: Sequence[Sample]) -> dict[str, Model]:
    questions = [one for one in samples if not one.talk]
    answerable = [one for one in questions if one.item.answerable]
    return {
        "talk": _model("talk", samples, [one.talk for one in samples]),
        "scope": _model("scope", questions, [one.item.answerable for one in questions]),
        "order": _model("order", answerable, [one.right for one in answerable]),
    }


def _model(name: str, samples: Sequence[Sample], classes: Sequence[bool]) -> Model:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    if not any(classes):
        return constant(MODELS[name], NEVER)
    rows = [one.values[name] for one in samples]
    scaler = StandardScaler().fit(rows)
    fitted: Any = LogisticRegression(C=LOOSENESS, max_iter=5000).fit(scaler.transform(rows), classes)
    centre, scale, weights = (_rounded(found) for found in (scaler.mean_, scaler.scale_, fitted.coef_[0]))
    return Model(MODELS[name], centre, scale, weights, round(float(fitted.intercept_[0]), 5))


def _rounded(numbers: Floats) -> list[float]:
    return [round(float(number), 5) for number in numbers]
