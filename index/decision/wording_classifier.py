"""Which target does a message ask for, by its wording alone? Naive Bayes over character 4-grams. Pure.

The encoder knows what words mean; how they are spelled, abbreviated and mistyped, it sees less well. Multinomial with
tf-idf weights and normalised lengths, after Rennie et al., Tackling the Poor Assumptions of Naive Bayes Text
Classifiers, 2003. Nothing is learnt but counts, so `index.build.wording_classifier` fits it in a few seconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.decision.target_classifier import Float32Array, normalise_log_odds

BUCKET_COUNT = 1 << 14  # 4-grams with the same hash modulo this count as the same; twice as many are hardly better


def find_buckets(grams: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the distinct buckets (m,) of hashed 4-grams (n,), ascending."""
    return np.unique(grams % np.uint32(BUCKET_COUNT))


@dataclass(frozen=True, slots=True)
class WordingClassifier:
    """The probabilities of the 4-grams of each target's example questions.

    Attributes:
        known_targets: the numbers of the targets that have example questions, ascending.
        rarity: the idf of each bucket, (buckets,).
        log_probabilities: of each bucket by target, (buckets, known targets).
        target_count: the number of all targets.
    """

    known_targets: NDArray[np.int32]
    rarity: Float32Array
    log_probabilities: NDArray[np.float16]
    target_count: int

    def log_likelihoods(self, grams: NDArray[np.uint32]) -> Float32Array:
        """Return the logarithm of the probability of each target, shape (targets,), for hashed 4-grams (n,).

        A target without example questions gets the mean of the others; all are 0 if there are no 4-grams.
        """
        log_odds = np.full(self.target_count, np.nan, np.float32)
        buckets = find_buckets(grams)
        if len(buckets):
            weights = self.rarity[buckets]
            weights = weights / np.linalg.norm(weights)
            log_odds[self.known_targets] = weights @ self.log_probabilities[buckets].astype(np.float32)
        return normalise_log_odds(log_odds)
