"""Percentile bootstrap: how far a figure would move with other questions of the same kind. Pure numpy, seeded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 1000
SEED = 20
_BOUNDS = (2.5, 97.5)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, in the figure's own unit."""

    value: float
    low: float
    high: float


def mean(values: ArrayLike) -> Estimate:
    """The mean of at least one value, shape (n,); booleans give a share, 0 to 1."""
    found = np.asarray(values, np.float64)
    return _estimate(float(found.mean()), _counts(len(found)) @ found / len(found))


def paired_difference(before: ArrayLike, after: ArrayLike) -> Estimate:
    """The mean of ``after - before`` over the same questions, both of shape (n,)."""
    return mean(np.asarray(after, np.float64) - np.asarray(before, np.float64))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> Estimate | None:
    """The chance that a positive scores above a negative, a tie counting half; None where a side is empty."""
    if not positive or not negative:
        return None
    above, below = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    wins: Floats = (above > below) + 0.5 * (above == below)
    left, right = _counts(len(positive)), _counts(len(negative), SEED + 1)
    sampled = np.einsum("rp,rp->r", left, right @ wins.T) / (len(positive) * len(negative))
    return _estimate(float(wins.mean()), sampled)


def _estimate(value: float, sampled: Floats) -> Estimate:
    low, high = np.percentile(sampled, _BOUNDS)
    return Estimate(value, float(low), float(high))


@lru_cache(maxsize=64)
def _counts(size: int, seed: int = SEED) -> Floats:
    """How often each of ``size`` questions is drawn in each resample, shape (RESAMPLES, size)."""
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), RESAMPLES)
    return drawn.astype(np.float64)
