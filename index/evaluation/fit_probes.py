"""Fit the probes on the example questions of an index. Needs scikit-learn, so it is a build tool."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.decision.probes import LinearProbe, Probes
from index.encoder.encoder import Encoder
from index.storage.layout import VECTORS_FILE
from index.storage.reader import IndexReader
from knowledge.passages import KINDS, PassageKind

INVERSE_REGULARISATION = 10.0  # scikit-learn's C
DECIMALS = 4


def fit_probes(reader: IndexReader, encoder: Encoder) -> Probes:
    """Fit the probes on the questions of entries and gaps and the phrases of intents; constants without any.

    ``reader`` is of an index folder, whose vectors are from ``encoder``.
    """
    is_question = reader.row_kinds == KINDS.index(PassageKind.QUESTION)
    if not is_question.any():
        return Probes()
    vectors = np.load(Path(reader.version) / VECTORS_FILE)[is_question].astype(np.float32)
    targets = reader.row_targets[is_question]
    is_intent, is_talk = reader.is_intent[targets], (reader.is_intent & ~reader.is_refusal)[targets]
    return Probes(
        encoder.revision,
        talk=_fit_probe(vectors, is_talk),
        request=_fit_probe(vectors[is_talk], reader.is_request[targets][is_talk]),
        gap=_fit_probe(vectors[~is_intent], reader.is_gap[targets][~is_intent]),
    )


def _fit_probe(vectors: NDArray[np.float32], labels: NDArray[np.bool_]) -> LinearProbe:
    from sklearn.linear_model import LogisticRegression

    if labels.all() or not labels.any():
        return LinearProbe()
    fitted: Any = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1000).fit(vectors, labels)
    weights = np.round(fitted.coef_[0].astype(np.float64), DECIMALS).tolist()
    return LinearProbe(tuple(weights), round(float(fitted.intercept_[0]), DECIMALS))
