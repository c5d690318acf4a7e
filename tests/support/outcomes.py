"""Evaluated questions made by hand, for the tests of figures, comparisons and reports."""

from index.evaluation.dataset import LabelledQuestion
from index.evaluation.run import EvaluatedQuestion, FeatureContribution


def outcome(
    name: str,
    status: str = "answered",
    right: bool = True,
    *,
    kind: str = "answerable",
    lang: str = "de",
    probability: float = 0.9,
    split: str = "",
    ms: float = 5.0,
) -> EvaluatedQuestion:
    """Return an evaluated question whose top entry is right if the outcome is."""
    answerable = kind == "answerable"
    expect = "answered" if answerable else "abstained"
    entries = ("garten",) if answerable else ()
    return EvaluatedQuestion(
        item=LabelledQuestion(name, f"Frage {name}?", lang, kind, "garten", expect, entries, split),
        status=status,
        right=right,
        shown=(("garten" if right else "zaun"),) if status in ("answered", "clarify") else (),
        best="garten" if right else "zaun",
        best_right=right,
        probability=probability,
        reasons=(
            FeatureContribution("question", 0.9, 18.0),
            FeatureContribution("short", 0.5, -1.0),
            FeatureContribution("bias", 1.0, -16.0),
        ),
        ms=ms,
        text_shown=status == "answered",
    )
