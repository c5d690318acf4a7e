"""Which target does a message ask for? A linear classifier over its vector alone. Pure.

Similarity asks what a message is like; the classifier has learnt what tells the example questions of one target from
those of all others. `index.build.target_classifier` fits it with every index.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
MAX_LOG_RATIO = 15.0  # beyond it, both sides are beyond doubt


@dataclass(frozen=True, slots=True)
class TargetClassifier:
    """A multinomial logistic regression: ``weights`` has the shape (targets, dimension + 1), the bias last.

    NaN is the row of a target without example questions.
    """

    weights: Float32Array

    def log_likelihoods(self, vector: Float32Array) -> Float32Array:
        """Return the logarithm of the probability of each target, shape (targets,), for a vector (dimension,).

        A target without example questions gets the mean of the others, or 0 if no target has any.
        """
        return normalise_log_odds(self.weights[:, :-1] @ vector + self.weights[:, -1])


def normalise_log_odds(log_odds: Float32Array) -> Float32Array:
    """Return the logarithms of the probabilities, shape (targets,), that these log-odds stand for.

    Where they are NaN, the mean of the others; all are 0 if all are NaN.
    """
    is_known = np.isfinite(log_odds)
    if not is_known.any():
        return np.zeros(len(log_odds), np.float32)
    shifted = log_odds - log_odds[is_known].max()
    log_likelihoods: Float32Array = shifted - np.log(np.exp(shifted[is_known]).sum())
    return np.where(is_known, log_likelihoods, log_likelihoods[is_known].mean())


def log_ratio(log_likelihoods: Float32Array, numerator: NDArray[np.bool_], denominator: NDArray[np.bool_]) -> float:
    """Return the log of how much likelier the one group of targets is than the other; both masks (targets,).

    At most ``MAX_LOG_RATIO`` from 0; 0 if one of the groups is empty.
    """
    if not numerator.any() or not denominator.any():
        return 0.0
    likelihoods = np.exp(log_likelihoods.astype(np.float64))
    smallest = np.finfo(np.float64).tiny
    ratio = np.log(max(likelihoods[numerator].sum(), smallest)) - np.log(
        max(likelihoods[denominator].sum(), smallest)
    )
    return float(np.clip(ratio, -MAX_LOG_RATIO, MAX_LOG_RATIO))
