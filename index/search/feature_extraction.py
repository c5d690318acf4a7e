"""What speaks for the entry that stands first, and what against it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.decision.features import Order, Scope, Talk
from index.search.scoring import Floats, Votes

FIELD = slice(5, 25)  # the entries that the first is compared with
NEXT = slice(2, 6)  # those that come after the two best


@dataclass(frozen=True, slots=True)
class Sides:
    """Which of the targets in question are what; masks of the shape of the votes."""

    answering: NDArray[np.bool_]
    gaps: NDArray[np.bool_]
    talk: NDArray[np.bool_]
    refusals: NDArray[np.bool_]


def talk(votes: Votes, sides: Sides) -> Talk:
    """The feature of talk."""
    return Talk(_highest(votes.question, sides.talk) - max(_nearest(votes, sides)))


def scope(votes: Votes, bare: Floats, sides: Sides, first: int, scores: Sequence[float], familiar: float) -> Scope:
    """The features of the scope.

    Args:
        bare: the votes without names, of the shape of the votes.
        first: the place of the first entry among the votes.
        scores: the fused scores of the answering entries, best first.
        familiar: share of the question's words that an indexed language knows.
    """
    gap, silent = best(votes.fused, sides.gaps), _highest(bare, sides.gaps)
    answers, gaps, refusals = _nearest(votes, sides)
    return Scope(
        likeness=float(votes.likeness[first]),
        cover=float(votes.cover[first]),
        cover_ahead=0.0 if gap is None else float(votes.cover[first] - votes.cover[gap]),
        gap_ahead=gaps - float(votes.question[first]),
        refusal_ahead=refusals - max(answers, gaps),
        lead=_ahead(scores, scores[FIELD]),
        familiar=familiar,
        beside=float(bare[first]) - silent,
        beside_any=_highest(bare, sides.answering) - silent,
    )


def order(scores: Sequence[float]) -> Order:
    """The features of the order, from the fused scores of the answering entries, best first."""
    return Order(_ahead(scores, scores[1:2]), _ahead(scores, scores[NEXT]))


def best(votes: Floats, among: NDArray[np.bool_]) -> int | None:
    """The place of the highest vote among some targets; None where there are none."""
    return int(np.where(among, votes, -np.inf).argmax()) if among.any() else None


def _nearest(votes: Votes, sides: Sides) -> tuple[float, float, float]:
    """The nearest example questions of an entry that answers, of a gap, and of what is refused."""
    answers, gaps, refusals = (
        _highest(votes.question, side) for side in (sides.answering, sides.gaps, sides.refusals)
    )
    return answers, gaps, refusals


def _highest(votes: Floats, among: NDArray[np.bool_]) -> float:
    return float(votes[among].max(initial=0.0))


def _ahead(scores: Sequence[float], others: Sequence[float]) -> float:
    return float(scores[0] - np.mean(others)) if others else 0.0
