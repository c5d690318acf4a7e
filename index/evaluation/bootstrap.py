"""Percentile bootstrap: how far a figure would move with other questions of the same kind. Pure numpy, seeded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 1000
SEED = 20
_PERCENTILES = (2.5, 97.5)

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, in the figure's own unit."""

    value: float
    low: float
    high: float


def estimate_mean(values: ArrayLike) -> Estimate:
    """The mean of at least one value, shape (n,); booleans give a share, 0 to 1."""
    sample = np.asarray(values, np.float64)
    return _percentile_interval(float(sample.mean()), _resample_counts(len(sample)) @ sample / len(sample))


def paired_difference(before: ArrayLike, after: ArrayLike) -> Estimate:
    """The mean of ``after - before`` over the same questions, both of shape (n,)."""
    return estimate_mean(np.asarray(after, np.float64) - np.asarray(before, np.float64))


def estimate_auroc(positive: Sequence[float], negative: Sequence[float]) -> Estimate | None:
    """The chance that a positive scores above a negative, a tie counting half; None where a side is empty."""
    if not positive or not negative:
        return None
    above, below = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    wins: Float64Array = (above > below) + 0.5 * (above == below)
    positive_counts, negative_counts = _resample_counts(len(positive)), _resample_counts(len(negative), SEED + 1)
    resampled = np.einsum("rp,rp->r", positive_counts, negative_counts @ wins.T) / (len(positive) * len(negative))
    return _percentile_interval(float(wins.mean()), resampled)


def _percentile_interval(value: float, resampled: Float64Array) -> Estimate:
    low, high = np.percentile(resampled, _PERCENTILES)
    return Estimate(value, float(low), float(high))


@lru_cache(maxsize=64)
def _resample_counts(size: int, seed: int = SEED) -> Float64Array:
    """How often each of ``size`` questions is drawn in each resample, shape (RESAMPLES, size)."""
    draws = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), RESAMPLES)
    return draws.astype(np.float64)
