"""From features to a decision: the probability of each outcome, and the choice that costs least. Pure.

Logistic models, fitted by `index.evaluation.fit_calibration`, stored in the manifest and applied here without
scikit-learn: is a message small talk; is it a question that an entry answers; is the top entry then the right one? A
fourth one, for a message after an answer: does it lean on that answer?
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from index.decision.features import MODEL_FEATURES, Float64Array, FollowUpFeatures, QueryFeatures
from index.errors import IndexUnusable

CALIBRATION_FILE = Path(__file__).with_name("calibration.json")

# Costs are in units of a needless choice: being offered the right entry among three costs one more tap.
WRONG_ANSWER_COST, NEEDLESS_REFUSAL_COST = 3.5, 3.0
ANSWER_THRESHOLD = round(1 - 1 / WRONG_ANSWER_COST, 3)  # above it an answer costs less than a choice
OFFER_THRESHOLD = 1 / NEEDLESS_REFUSAL_COST  # above it a choice costs less than a refusal
# A missed request for a human costs twice as much as a question mistaken for one, which costs one more message.
REQUEST_THRESHOLD, SMALL_TALK_THRESHOLD = round(1 / (1 + 2), 3), 0.5
# Of a message after an answer. Read in context, small talk and requests for a human are lost more often than what
# leans is lost without it; measured, see docs/decisions/0021-follow-ups.md.
LEANING_THRESHOLD = 0.6
MAX_LOG_ODDS = 40.0


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A logistic regression over standardised features.

    Attributes:
        features: their stored names; the sequences below follow their order.
        centre, scale: a feature is standardised to (value - centre) / scale.
        weights: log-odds per standardised feature.
        bias: log-odds if every feature is at its centre.
    """

    features: Sequence[str]
    centre: Sequence[float]
    scale: Sequence[float]
    weights: Sequence[float]
    bias: float

    def contributions(self, values: Float64Array) -> dict[str, float]:
        """Return what each feature adds to the log-odds, by its stored name; ``values`` has the shape (features,)."""
        log_odds = (values - self.centre) / self.scale * self.weights
        return dict(zip(self.features, log_odds.tolist(), strict=True))

    def predict_probability(self, values: Float64Array) -> float:
        """Return the probability, 0 to 1, for values of the shape (features,)."""
        return 1 / (1 + math.exp(-self.log_odds(values)))

    def log_odds(self, values: Float64Array) -> float:
        """Return the log-odds, at most ``MAX_LOG_ODDS`` from 0, for values of the shape (features,)."""
        log_odds = self.bias + math.fsum(self.contributions(values).values())
        return max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds))


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Probabilities, 0 to 1: it is small talk or a request for a human; it is not, and an entry answers it; the top
    entry is the right one, given that an entry answers."""

    small_talk: float
    answerable: float
    top_correct: float

    @property
    def unanswerable(self) -> float:
        """The probability that the sources do not answer it."""
        return 1 - self.small_talk - self.answerable

    @property
    def correct(self) -> float:
        """The probability that the top entry answers it."""
        return self.answerable * self.top_correct

    def of_decision(self, decision: "Decision") -> float:
        """Return the probability that a decision is right."""
        match decision:
            case Decision.SMALL_TALK:
                return self.small_talk
            case Decision.ANSWER:
                return self.correct
            case Decision.CLARIFY:
                return self.answerable
            case Decision.ABSTAIN:
                return self.unanswerable


class Decision(StrEnum):
    """How to reply to a message."""

    ANSWER = "answer"  # with the top entry
    CLARIFY = "clarify"  # with a choice of entries
    ABSTAIN = "abstain"
    SMALL_TALK = "talk"  # also a request for a human


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted models with their thresholds (probabilities); ``origin`` says what they were fitted on."""

    talk: LogisticModel
    scope: LogisticModel
    order: LogisticModel
    leaning: LogisticModel
    request_from: float
    talk_from: float
    answer_from: float
    offer_from: float
    leaning_from: float
    origin: str

    def predict_probabilities(self, features: QueryFeatures) -> Probabilities:
        """Apply the three models of a query."""
        p_small_talk, p_answerable, p_top_correct = (
            model.predict_probability(features.values(name))
            for name, model in (("talk", self.talk), ("scope", self.scope), ("order", self.order))
        )
        return Probabilities(p_small_talk, (1 - p_small_talk) * p_answerable, p_top_correct)

    def compute_log_odds(self, features: QueryFeatures) -> tuple[float, float, float]:
        """Return what the models "talk", "scope" and "order" say on a query, each supposing the one before."""
        talk, scope, order = (
            getattr(self, name).log_odds(features.values(name)) for name in ("talk", "scope", "order")
        )
        return talk, scope, order

    def is_leaning(self, features: FollowUpFeatures) -> bool:
        """Return whether a message is read in the context of the answer before it."""
        return self.leaning.predict_probability(features.values("leaning")) >= self.leaning_from

    def choose_decision(self, probabilities: Probabilities, is_request: bool) -> Decision:
        """Answer if the top entry is probably right, and offer a choice if some entry may be.

        ``is_request``: if the message is small talk, it is a request for a human.
        """
        if probabilities.small_talk >= (self.request_from if is_request else self.talk_from):
            return Decision.SMALL_TALK
        if probabilities.correct >= self.answer_from:
            return Decision.ANSWER
        return Decision.CLARIFY if probabilities.answerable >= self.offer_from else Decision.ABSTAIN


def calibration_from_costs(models: Mapping[str, LogisticModel], origin: str) -> Calibration:
    """Combine the models, by name, with the thresholds that follow from the costs."""
    return Calibration(
        **models,
        request_from=REQUEST_THRESHOLD,
        talk_from=SMALL_TALK_THRESHOLD,
        answer_from=ANSWER_THRESHOLD,
        offer_from=OFFER_THRESHOLD,
        leaning_from=LEANING_THRESHOLD,
        origin=origin,
    )


def parse_calibration(data: Mapping[str, Any]) -> Calibration:
    """Parse a stored calibration; raises KeyError or TypeError if its form or features differ from this program's."""
    models = {name: LogisticModel(**data[name]) for name in MODEL_FEATURES}
    if any(tuple(models[name].features) != features for name, features in MODEL_FEATURES.items()):
        raise KeyError("features")
    return Calibration(**{**data, **models})


def load_calibration(*, with_examples: bool, path: Path = CALIBRATION_FILE) -> Calibration:
    """Load the models fitted on the built-in knowledge, or those for a folder without example questions.

    Raises:
        IndexUnusable: they were fitted on other features than this program computes.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return parse_calibration(data["house" if with_examples else "foreign"])
    except (ValueError, KeyError, TypeError):
        raise IndexUnusable(
            f"{path} was not fitted on the features in index/decision/features.py, so no index can be built. "
            "Run: gwbot calibrate, then gwbot index build"
        ) from None


def unfitted_calibration() -> Calibration:
    """Return uninformative models, for an index that is searched only to fit real ones."""
    models = {name: constant_model(features, 0.0) for name, features in MODEL_FEATURES.items()}
    return calibration_from_costs(models, "nothing")


def constant_model(features: Sequence[str], log_odds: float) -> LogisticModel:
    """Return a model that predicts the same log-odds for everything."""
    zeros = [0.0] * len(features)
    return LogisticModel(features, zeros, [1.0] * len(features), zeros, log_odds)
