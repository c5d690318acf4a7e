"""Hand-made outcomes for the tests of figures, comparisons and reports."""

from index.evaluation.dataset import Labelled
from index.evaluation.run import Judged, Reason


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
) -> Judged:
    """An outcome whose first in the ranking is right where the outcome is."""
    answerable = kind == "answerable"
    expect = "answered" if answerable else "abstained"
    entries = ("garten",) if answerable else ()
    return Judged(
        item=Labelled(name, f"Frage {name}?", lang, kind, "garten", expect, entries, split),
        status=status,
        right=right,
        shown=(("garten" if right else "zaun"),) if status in ("answered", "clarify") else (),
        best="garten" if right else "zaun",
        best_right=right,
        probability=probability,
        reasons=(Reason("question", 0.9, 18.0), Reason("short", 0.5, -1.0), Reason("bias", 1.0, -16.0)),
        ms=ms,
    )
