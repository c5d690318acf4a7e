"""Ask labelled questions and write down what came of each; no other figure asks the searcher."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from index.labelled import Labelled, is_right, status
from index.search import Ambiguous, Found, Outcome, Searcher
from knowledge.entry import Layer
from knowledge.intents import Reply

BIAS = "bias"


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of the decision: what it was, and what it adds to the logit.

    A ``share`` above 0 speaks for the first in the ranking, one below 0 against it.
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
        best: the first of the ranking, an entry or ``@intent``; "" where nothing is ranked.
        best_right: whether that one is right, whatever was decided.
        showable: whether it holds an answer to show: an entry, and none that says that the sources are silent.
        probability: of ``best`` being right, 0 to 1, as the searcher reports it.
        reasons: the features behind the probability, and the bias; their shares add up to its logit.
        ms: duration of the search in milliseconds.
    """

    item: Labelled
    status: str
    right: bool
    shown: tuple[str, ...]
    best: str
    best_right: bool
    showable: bool
    probability: float
    reasons: tuple[Reason, ...]
    ms: float

    @property
    def score(self) -> float:
        """The probability with which an answer would be shown: 0 where the best is nothing to show."""
        return self.probability if self.showable else 0.0

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
    outcome = searcher.search(item.question)
    ms = (time.perf_counter() - start) * 1000
    best, reasons = _weighed(item.question, searcher)
    return Judged(
        item=item,
        status=status(outcome),
        right=is_right(item, outcome),
        shown=_shown(outcome),
        best=best,
        best_right=_is_right(item, best, searcher),
        showable=_is_showable(best, searcher),
        probability=outcome.probability,
        reasons=reasons,
        ms=ms,
    )


def _weighed(question: str, searcher: Searcher) -> tuple[str, tuple[Reason, ...]]:
    ranked, evidence = searcher.weigh(question)
    if not ranked or evidence is None:
        return "", ()
    model = searcher.opened.calibration
    added = zip(evidence.features(), model.shares(evidence).items(), strict=True)
    reasons = [Reason(name, float(value), share) for value, (name, share) in added]
    return ranked[0].target, (*reasons, Reason(BIAS, 1.0, model.bias))


def _shown(outcome: Outcome) -> tuple[str, ...]:
    match outcome:
        case Found(entry):
            return (entry,)
        case Ambiguous(entries):
            return entries
        case _:
            return ()


def _is_right(item: Labelled, best: str, searcher: Searcher) -> bool:
    if best.startswith("@"):
        reply = searcher.opened.intents[best[1:]]
        return item.expect == ("abstained" if reply is Reply.REFUSAL else reply.value)
    return best in item.entries


def _is_showable(best: str, searcher: Searcher) -> bool:
    if not best or best.startswith("@"):
        return False
    return searcher.opened.entry(best, "de").layer is not Layer.GAP
