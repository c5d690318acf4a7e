"""Fit the target classifier of an index on its example questions.

Adam (Kingma and Ba, 2015) on the cross-entropy, with weight decay. The 65,000 example questions of the built-in
knowledge take four seconds on two cores, so a classifier that was fitted to the same questions is reused.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from index.build.corpus import CorpusStats
from index.decision.target_classifier import Float32Array
from index.storage.entry_store import TargetNames
from index.storage.layout import CLASSIFIER_FILE, VECTORS_FILE
from knowledge.passages import KINDS, PassageKind

SHIPPED_CLASSIFIER_FILE = Path(__file__).with_name(CLASSIFIER_FILE)  # written by `make vectors`
EPOCHS, BATCH_SIZE = 8, 2_048
LEARNING_RATE, LEARNING_RATE_DECAY = 0.1, 0.65  # the decay by epoch
WEIGHT_DECAY = 1e-4
MEAN_DECAY, SQUARE_DECAY, SMALLEST_STEP = 0.9, 0.999, 1e-8  # of Adam's moving averages, as in the paper
VECTOR_SCALE = 20.0  # the vectors of questions lie close together; this brings them to about unit variance

Classifiers = Mapping[str, Float32Array]  # weights by the hash of what they were fitted to
NO_CLASSIFIERS: Classifiers = MappingProxyType({})


def write_classifier(folder: Path, corpus: CorpusStats, model: str, fitted_before: Classifiers) -> None:
    """Write the classifier of an index folder whose vectors exist; ``model`` describes the encoder they are from.

    One of ``fitted_before``, or the one that ships with the package, is used as it is if it fits the questions.
    """
    is_question = corpus.rows["kind"] == KINDS.index(PassageKind.QUESTION)
    targets = corpus.rows["target"][is_question]
    target_count = len(TargetNames(folder))
    inputs = (f"{model} {target_count}".encode(), corpus.text_keys[is_question].tobytes(), targets.tobytes())
    digest = hashlib.sha256(b"".join(inputs)).hexdigest()
    weights = {**read_classifiers(SHIPPED_CLASSIFIER_FILE), **fitted_before}.get(digest)
    if weights is None:
        vectors = np.load(folder / VECTORS_FILE, mmap_mode="r")[is_question].astype(np.float32)
        weights = fit_classifier(vectors, targets, target_count)
    np.savez(folder / CLASSIFIER_FILE, digest=digest, weights=weights)


def read_classifiers(path: Path) -> Classifiers:
    """Read what `write_classifier` wrote, to be reused; nothing if there is no such file."""
    if not path.is_file():
        return NO_CLASSIFIERS
    with np.load(path) as stored:
        return {str(stored["digest"]): stored["weights"]}


def fit_classifier(vectors: Float32Array, targets: NDArray[np.int32], target_count: int) -> Float32Array:
    """Return the weights of a `TargetClassifier`, (target_count, d + 1).

    ``vectors`` (n, d) are those of the example questions, ``targets`` (n,) the numbers of what they ask for.
    """
    dimension = vectors.shape[1]
    if not len(vectors):
        return np.full((target_count, dimension + 1), np.nan, np.float32)
    centre = vectors.mean(axis=0)
    weights = np.zeros((dimension + 1, target_count), np.float32)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    generator, step, learning_rate = np.random.default_rng(0), 0, LEARNING_RATE
    for _ in range(EPOCHS):
        order = generator.permutation(len(vectors))
        for start in range(0, len(order), BATCH_SIZE):
            batch, step = order[start : start + BATCH_SIZE], step + 1
            inputs = np.ones((len(batch), dimension + 1), np.float32)
            inputs[:, :-1] = (vectors[batch] - centre) * VECTOR_SCALE
            gradient = inputs.T @ _prediction_errors(inputs @ weights, targets[batch]) / len(batch)
            gradient[:-1] += 2 * WEIGHT_DECAY * weights[:-1]
            mean += (1 - MEAN_DECAY) * (gradient - mean)
            square += (1 - SQUARE_DECAY) * (gradient**2 - square)
            corrected = mean / (1 - MEAN_DECAY**step), square / (1 - SQUARE_DECAY**step)
            weights -= learning_rate * corrected[0] / (np.sqrt(corrected[1]) + SMALLEST_STEP)
        learning_rate *= LEARNING_RATE_DECAY
    scaled = VECTOR_SCALE * weights[:-1].T
    fitted = np.column_stack([scaled, weights[-1] - scaled @ centre])
    fitted[np.bincount(targets, minlength=target_count) == 0] = np.nan
    return fitted.astype(np.float32)


def _prediction_errors(log_odds: Float32Array, targets: NDArray[np.int32]) -> Float32Array:
    """Return the predicted probabilities less those that are right, both (n, targets); overwrites ``log_odds``."""
    log_odds -= log_odds.max(axis=1, keepdims=True)
    np.exp(log_odds, out=log_odds)
    log_odds /= log_odds.sum(axis=1, keepdims=True)
    log_odds[np.arange(len(targets)), targets] -= 1
    return log_odds
