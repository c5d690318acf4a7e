"""Percentile bootstrap intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993). Pure and seeded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from index.decision.features import Float64Array

RESAMPLES = 1000
SEED = 20
_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval, in the unit of the value."""

    value: float
    low: float
    high: float


def estimate_mean(values: ArrayLike) -> Estimate:
    """Estimate the mean of at least one value, shape (n,); booleans give a share, 0 to 1."""
    sample = np.asarray(values, np.float64)
    return _percentile_interval(float(sample.mean()), _resample_counts(len(sample)) @ sample / len(sample))


def paired_difference(before: ArrayLike, after: ArrayLike) -> Estimate:
    """Estimate the mean of ``after - before``, both of shape (n,) over the same questions."""
    return estimate_mean(np.asarray(after, np.float64) - np.asarray(before, np.float64))


def estimate_auroc(positive: Sequence[float], negative: Sequence[float]) -> Estimate | None:
    """Estimate the area under the ROC curve: the chance that a positive scores above a negative.

    Ties count half; None if either side is empty.
    """
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
    """Return how often each question is drawn in each resample, shape (RESAMPLES, size)."""
    draws = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), RESAMPLES)
    return draws.astype(np.float64)
