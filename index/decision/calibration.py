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

from index.decision.features import (
    ANSWERABILITY_FEATURES,
    RANKING_FEATURES,
    SMALL_TALK_FEATURES,
    AnswerabilityFeatures,
    Float64Array,
    RankingFeatures,
    SmallTalkFeatures,
    feature_values,
)

# In needless choices: who is offered the right entry beside two others taps once more.
WRONG_ANSWER_COST, NEEDLESS_REFUSAL_COST = 3.0, 4.0
ANSWER_THRESHOLD = round(1 - 1 / WRONG_ANSWER_COST, 3)  # from this probability on, an answer costs less than a choice
OFFER_THRESHOLD = 1 / NEEDLESS_REFUSAL_COST  # and a choice less than a refusal
# A wish that goes unheard costs as much as a needless refusal; a question taken for one is asked again.
SMALL_TALK_THRESHOLD = 1 / (1 + NEEDLESS_REFUSAL_COST)
MODEL_FEATURES = {"talk": SMALL_TALK_FEATURES, "scope": ANSWERABILITY_FEATURES, "order": RANKING_FEATURES}


@dataclass(frozen=True, slots=True)
class LogisticModel:
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

    def contributions(self, values: Float64Array) -> dict[str, float]:
        """What each feature adds to the log-odds; with the bias they sum up to it."""
        log_odds = (values - self.centre) / self.scale * self.weights
        return dict(zip(self.features, log_odds.tolist(), strict=True))

    def predict_probability(self, values: Float64Array) -> float:
        """The probability, 0 to 1."""
        log_odds = self.bias + math.fsum(self.contributions(values).values())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, log_odds))))


@dataclass(frozen=True, slots=True)
class Probabilities:
    """How probable each is, 0 to 1: that it is small talk or a wish for a person, that an entry answers it, and that
    the first entry is the right one if one is."""

    small_talk: float
    answerable: float
    top_correct: float

    @property
    def unanswerable(self) -> float:
        """That it is a question on which the sources are silent."""
        return 1 - self.small_talk - self.answerable

    @property
    def correct(self) -> float:
        """That the first entry answers it."""
        return self.answerable * self.top_correct


class Decision(StrEnum):
    """What a belief means for the reply."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"
    SMALL_TALK = "talk"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The three fitted models with their thresholds; ``origin`` says on what they were fitted."""

    talk: LogisticModel
    scope: LogisticModel
    order: LogisticModel
    talk_from: float
    answer_from: float
    offer_from: float
    origin: str

    def predict_probabilities(
        self, small_talk: SmallTalkFeatures, answerability: AnswerabilityFeatures, ranking: RankingFeatures
    ) -> Probabilities:
        """What to believe of a message."""
        p_small_talk, p_answerable, p_top_correct = (
            model.predict_probability(feature_values(features))
            for model, features in ((self.talk, small_talk), (self.scope, answerability), (self.order, ranking))
        )
        return Probabilities(p_small_talk, (1 - p_small_talk) * p_answerable, p_top_correct)

    def choose_decision(self, probabilities: Probabilities) -> Decision:
        """Answer where the first is probably right, offer a choice where some entry may answer."""
        if probabilities.small_talk >= self.talk_from:
            return Decision.SMALL_TALK
        if probabilities.correct >= self.answer_from:
            return Decision.ANSWER
        return Decision.CLARIFY if probabilities.answerable >= self.offer_from else Decision.ABSTAIN


def calibration_from_costs(models: Mapping[str, LogisticModel], origin: str) -> Calibration:
    """The models with the thresholds that follow from the costs."""
    return Calibration(
        **models,
        talk_from=SMALL_TALK_THRESHOLD,
        answer_from=ANSWER_THRESHOLD,
        offer_from=OFFER_THRESHOLD,
        origin=origin,
    )


def parse_calibration(data: Mapping[str, Any]) -> Calibration:
    """The calibration that was written down; raises KeyError or TypeError where it has another form."""
    models = {name: LogisticModel(**data[name]) for name in MODEL_FEATURES}
    if any(tuple(models[name].features) != features for name, features in MODEL_FEATURES.items()):
        raise KeyError("features")
    return Calibration(**{**data, **models})


def load_calibration(*, with_examples: bool) -> Calibration:
    """The fitted models for the house's knowledge, or those for a foreign folder without example questions."""
    path = Path(__file__).with_name("calibration.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    return parse_calibration(data["house" if with_examples else "foreign"])


def unfitted_calibration() -> Calibration:
    """Models that know nothing, for an index that is only searched to fit them."""
    models = {name: constant_model(features, 0.0) for name, features in MODEL_FEATURES.items()}
    return calibration_from_costs(models, "nothing")


def constant_model(features: Sequence[str], log_odds: float) -> LogisticModel:
    """A model that believes the same of everything."""
    zeros = [0.0] * len(features)
    return LogisticModel(features, zeros, [1.0] * len(features), zeros, log_odds)
