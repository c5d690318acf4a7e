"""Linear models over the vector of a message alone: what kind of message is it, whatever its subject? Pure.

`index.evaluation.fit_calibration` fits them on the example questions of an index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """A logistic regression over a vector; ``weights`` has the shape (dimension,) or, for a constant, (0,)."""

    weights: Sequence[float] = ()
    bias: float = 0.0

    def log_odds(self, vector: NDArray[np.float32]) -> float:
        """Return the log-odds of the kind of message, for a vector of the shape (dimension,)."""
        return float(vector @ np.array(self.weights)) + self.bias if self.weights else self.bias


@dataclass(frozen=True, slots=True)
class Probes:
    """Kinds of message: small talk or a request for a human; of these the request; what is to be refused as off the
    subject; a question that is left open.

    ``encoder`` is the revision of the encoder to whose vectors they were fitted; "" for constants.
    """

    encoder: str = ""
    talk: LinearProbe = LinearProbe()
    request: LinearProbe = LinearProbe()
    refusal: LinearProbe = LinearProbe()
    gap: LinearProbe = LinearProbe()

    def for_encoder(self, revision: str) -> "Probes":
        """Return the probes, or constants if they were fitted to the vectors of another encoder."""
        return self if self.encoder == revision else Probes()


def parse_probes(data: Mapping[str, Any]) -> Probes:
    """Parse stored probes; raises KeyError or TypeError if their form differs from this program's."""
    return Probes(data["encoder"], *(LinearProbe(**data[name]) for name in ("talk", "request", "refusal", "gap")))
