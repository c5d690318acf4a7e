"""From evidence to a decision: how probable each outcome is, and what to do with that. Pure.

Three small models, fitted by ``index.evaluation.fit_calibration`` and kept in the manifest, applied here without
scikit-learn: whether a message is talk, whether it is a question that an entry answers, and whether the first entry
is then the right one.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from index.decision.features import ORDER, SCOPE, TALK, Floats, Order, Scope, Talk, values

# In needless choices: who is offered the right entry beside two others taps once more.
WRONG_ANSWER_COST, NEEDLESS_REFUSAL_COST = 3.0, 4.0
ANSWER_FROM = round(1 - 1 / WRONG_ANSWER_COST, 3)  # from this probability on, an answer costs less than a choice
OFFER_FROM = 1 / NEEDLESS_REFUSAL_COST  # and a choice less than a refusal
# A wish that goes unheard costs as much as a needless refusal; a question taken for one is asked again.
TALK_FROM = 1 / (1 + NEEDLESS_REFUSAL_COST)
MODELS = {"talk": TALK, "scope": SCOPE, "order": ORDER}


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic model.

    Attributes:
        features: their names in the order of the numbers below.
        centre, scale: of each feature; what follows applies to (value - centre) / scale.
        weights: of each feature.
        bias: the log-odds where every feature is at its centre.
    """

    features: Sequence[str]
    centre: Sequence[float]
    scale: Sequence[float]
    weights: Sequence[float]
    bias: float

    def shares(self, values: Floats) -> dict[str, float]:
        """What each feature adds to the log-odds; with the bias they sum up to it."""
        added = (values - self.centre) / self.scale * self.weights
        return dict(zip(self.features, added.tolist(), strict=True))

    def probability(self, values: Floats) -> float:
        """The probability, 0 to 1."""
        odds = self.bias + math.fsum(self.shares(values).values())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, odds))))


@dataclass(frozen=True, slots=True)
class Belief:
    """How probable each is, 0 to 1: that it is small talk or a wish for a person, that an entry answers it, and that
    the first entry is the right one if one is."""

    talk: float
    answerable: float
    first: float

    @property
    def silent(self) -> float:
        """That it is a question on which the sources are silent."""
        return 1 - self.talk - self.answerable

    @property
    def right(self) -> float:
        """That the first entry answers it."""
        return self.answerable * self.first


class Verdict(StrEnum):
    """What a belief means for the reply."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The three fitted models with their thresholds; ``origin`` says on what they were fitted."""

    talk: Model
    scope: Model
    order: Model
    talk_from: float
    answer_from: float
    offer_from: float
    origin: str

    def belief(self, talk: Talk, scope: Scope, order: Order) -> Belief:
        """What to believe of a message."""
        chat, inside, first = (
            model.probability(values(found))
            for model, found in ((self.talk, talk), (self.scope, scope), (self.order, order))
        )
        return Belief(chat, (1 - chat) * inside, first)

    def verdict(self, belief: Belief) -> Verdict:
        """Answer where the first is probably right, offer a choice where some entry may answer."""
        if belief.talk >= self.talk_from:
            return Verdict.TALK
        if belief.right >= self.answer_from:
            return Verdict.ANSWER
        return Verdict.CLARIFY if belief.answerable >= self.offer_from else Verdict.ABSTAIN


def at_cost(models: Mapping[str, Model], origin: str) -> Calibration:
    """The models with the thresholds that follow from the costs."""
    return Calibration(**models, talk_from=TALK_FROM, answer_from=ANSWER_FROM, offer_from=OFFER_FROM, origin=origin)


def calibration_from(data: Mapping[str, Any]) -> Calibration:
    """The calibration that was written down; raises KeyError or TypeError where it has another form."""
    models = {name: Model(**data[name]) for name in MODELS}
    if any(tuple(models[name].features) != features for name, features in MODELS.items()):
        raise KeyError("features")
    return Calibration(**{**data, **models})


def calibration_for(*, labelled: bool) -> Calibration:
    """The fitted models for the house's knowledge, or those for a foreign folder without example questions."""
    path = Path(__file__).with_name("calibration.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    return calibration_from(data["house" if labelled else "foreign"])


def unfitted() -> Calibration:
    """Models that know nothing, for an index that is only searched to fit them."""
    models = {name: constant(features, 0.0) for name, features in MODELS.items()}
    return at_cost(models, "nothing")


def constant(features: Sequence[str], odds: float) -> Model:
    """A model that believes the same of everything."""
    none = [0.0] * len(features)
    return Model(features, none, [1.0] * len(features), none, odds)
