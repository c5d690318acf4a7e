"""The figures that a decision is made from. Pure."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Talk:
    """What tells small talk and wishes for a person from questions: by how much their example sentences are nearer
    than all others. Cosines lie in [-1, 1]."""

    ahead: float


@dataclass(frozen=True, slots=True)
class Scope:
    """What tells whether the question is one that an entry answers. Cosines lie in [-1, 1], shares in [0, 1].

    Attributes:
        likeness: cosine of the first entry, by its example questions and its text.
        cover: share of the question's wording that it holds.
        cover_ahead: by how much it holds more of the wording than the best gap.
        gap_ahead: by how much the example questions of a gap are nearer than its own.
        refusal_ahead: by how much those of what is refused are nearer than those of any entry or gap.
        lead: its fused score above the mean of those further down.
        familiar: share of the question's words that an indexed language knows.
        beside, beside_any: without names, how much nearer the question is to the entry's example questions, and to
            those of any entry, than to those of any gap.
    """

    likeness: float
    cover: float
    cover_ahead: float
    gap_ahead: float
    refusal_ahead: float
    lead: float
    familiar: float
    beside: float
    beside_any: float


@dataclass(frozen=True, slots=True)
class Order:
    """What tells whether the first is the right one where an entry answers: its fused score above that of the second,
    and above the mean of the four after it."""

    margin: float
    ahead: float


TALK = tuple(field.name for field in fields(Talk))
SCOPE = tuple(field.name for field in fields(Scope))
ORDER = tuple(field.name for field in fields(Order))


def values(features: Talk | Scope | Order) -> Floats:
    """The values of TALK, SCOPE or ORDER."""
    return np.array([getattr(features, field.name) for field in fields(features)])
