"""From evidence to a decision: the probability that the best target is right, and what to do with it. Pure.

A logistic model over a handful of features, fitted by ``index.calibrate`` and kept in the manifest; applied here
without scikit-learn.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

FEATURES = (
    "question",
    "text",
    "cover",
    "elsewhere",
    "margin",
    "lead",
    "rival",
    "familiar",
    "gap",
    "intent",
    "short",
    "named",
    "bare",
    "silent",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one target, and what against it. Cosines lie in [-1, 1], shares in [0, 1].

    Attributes:
        question: mean cosine of the two nearest example questions.
        text: mean cosine of the nearest text, sentence and window.
        cover: share of the question's wording that it holds.
        elsewhere: how much more of the wording another entry holds.
        margin, lead: fused score above the runner-up, and above the mean of those further down.
        rival: lead by questions over the other side, entries against intents.
        familiar: share of the question's words that an indexed language knows.
        words: content words asked.
        bare: what ``question`` is without the target's name in it; None where the question does not name it.
        gap: cosine of the question without the name to the nearest gap, beside ``bare``.
    """

    question: float
    text: float
    cover: float
    elsewhere: float
    margin: float
    lead: float
    rival: float
    familiar: float
    is_gap: bool
    is_intent: bool
    words: int
    bare: float | None
    gap: float

    def features(self) -> tuple[float, ...]:
        """The values of FEATURES, in that order."""
        kind = (float(self.is_gap), float(self.is_intent), 1.0 / (1 + self.words))
        ahead = (self.margin, self.lead, self.rival)
        beside = (0.0, 0.0, 0.0) if self.bare is None else (1.0, self.bare - self.question, self.bare - self.gap)
        return (self.question, self.text, self.cover, self.elsewhere, *ahead, self.familiar, *kind, *beside)


class Verdict(StrEnum):
    """What the probability means for the reply."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted model and the two thresholds.

    Attributes:
        features: their names in the order of the numbers below.
        centre, scale: of each feature; what follows applies to (value - centre) / scale.
        weights: of each feature.
        bias: the logit where every feature is at its centre.
        origin: what it was fitted on.
    """

    features: Sequence[str]
    centre: Sequence[float]
    scale: Sequence[float]
    weights: Sequence[float]
    bias: float
    answer_from: float
    clarify_from: float
    origin: str

    def shares(self, evidence: Evidence) -> dict[str, float]:
        """What each feature adds to the logit; with the bias they sum up to it."""
        added = (np.array(evidence.features()) - self.centre) / self.scale * self.weights
        return dict(zip(self.features, added.tolist(), strict=True))

    def probability(self, evidence: Evidence) -> float:
        """The probability, 0 to 1, that the target of this evidence answers the question."""
        logit = self.bias + math.fsum(self.shares(evidence).values())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))

    def verdict(self, probability: float) -> Verdict:
        """Answer from the upper threshold on, offer a choice between the two, abstain below."""
        if probability >= self.answer_from:
            return Verdict.ANSWER
        return Verdict.CLARIFY if probability >= self.clarify_from else Verdict.ABSTAIN


def calibration_for(*, labelled: bool) -> Calibration:
    """The fitted model for the house's knowledge, or the one for a foreign folder without example questions."""
    path = Path(__file__).with_name("calibration.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(**data["house" if labelled else "foreign"])


def unfitted() -> Calibration:
    """A model that knows nothing, for an index that is only searched to fit one."""
    none = [0.0] * len(FEATURES)
    return Calibration(FEATURES, none, [1.0] * len(FEATURES), none, 0.0, 1.0, 1.0, "nothing")
