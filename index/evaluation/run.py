"""Ask labelled questions and write down what came of each; no other figure asks the searcher."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from index.decision.features import values
from index.evaluation.dataset import Labelled, is_right, status
from index.search.searcher import NOTHING, Searcher, Weighed, shown

BIAS = "bias"


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of the decision: what it was, and what it adds to the log-odds of an answer against a refusal.

    A ``share`` above 0 speaks for an answer, one below 0 against it.
    """

    feature: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled question with its outcome.

    Attributes:
        status: as `gwbot ask` reports it.
        right: whether the outcome is the expected one.
        shown: the entry answered with, or the entries offered.
        best: the first of the answering entries; "" where there is none.
        best_right: whether that one is right, whatever was decided.
        probability: of ``best`` being right, 0 to 1, as the searcher believes.
        reasons: the features behind the scope, and the bias; their shares add up to the log-odds.
        ms: duration of the search in milliseconds.
    """

    item: Labelled
    status: str
    right: bool
    shown: tuple[str, ...]
    best: str
    best_right: bool
    probability: float
    reasons: tuple[Reason, ...]
    ms: float

    @property
    def came(self) -> str:
        """What came of it, in words."""
        what = {"answered": "answered with ", "clarify": "offered "}.get(self.status, self.status)
        return what + ", ".join(self.shown)

    @property
    def wrong(self) -> bool:
        """Whether an answer or a choice was shown that is not right."""
        return self.status in ("answered", "clarify") and not self.right

    @property
    def refused(self) -> bool:
        """Whether an answerable question was refused."""
        return self.item.answerable and self.status == "abstained"


def judge(items: Iterable[Labelled], searcher: Searcher) -> list[Judged]:
    """Ask every question."""
    searcher.search("Aufwärmen")  # the first search reads files that the next ones find in memory
    return [_judge(item, searcher) for item in items]


def _judge(item: Labelled, searcher: Searcher) -> Judged:
    start = time.perf_counter()
    weighed = searcher.weigh(item.question)
    outcome = searcher.decide(weighed) if weighed else NOTHING
    ms = (time.perf_counter() - start) * 1000
    best = weighed.ranked[0].target if weighed else ""
    return Judged(
        item=item,
        status=status(outcome),
        right=is_right(item, outcome),
        shown=shown(outcome),
        best=best,
        best_right=item.answerable and best in item.entries,
        probability=weighed.belief.right if weighed else 0.0,
        reasons=tuple(_reasons(weighed, searcher)) if weighed else (),
        ms=ms,
    )


def _reasons(weighed: Weighed, searcher: Searcher) -> Iterator[Reason]:
    model, found = searcher.opened.calibration.scope, values(weighed.scope)
    for value, (name, share) in zip(found.tolist(), model.shares(found).items(), strict=True):
        yield Reason(name, value, share)
    yield Reason(BIAS, 1.0, model.bias)
