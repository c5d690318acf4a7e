"""Linear probes over a vector."""

from typing import Any

import numpy as np
import pytest

from index.decision.probes import LinearProbe, Probes, parse_probes


def test_log_odds() -> None:
    """A probe adds its bias to the weighted numbers; without weights it is constant."""
    vector = np.array([0.6, 0.8], np.float32)

    assert LinearProbe((1.0, -2.0), 0.5).log_odds(vector) == pytest.approx(-0.5)
    assert LinearProbe(bias=0.25).log_odds(vector) == 0.25


def test_stored_probes() -> None:
    """Probes are read as they were stored; another form is an error."""
    stored: dict[str, Any] = {
        "encoder": "e",
        "talk": {"weights": [1.0], "bias": 0.0},
        "request": {"bias": 1.0},
        "refusal": {"bias": -1.0},
        "gap": {"weights": [], "bias": 2.0},
    }

    assert parse_probes(stored) == Probes(
        "e",
        talk=LinearProbe([1.0]),
        request=LinearProbe(bias=1.0),
        refusal=LinearProbe(bias=-1.0),
        gap=LinearProbe([], 2.0),
    )
    with pytest.raises(KeyError):
        parse_probes({"encoder": "e", "talk": stored["talk"]})


def test_probes_of_another_encoder() -> None:
    """Probes are used with the encoder that they were fitted to, and with another one they are constants."""
    probes = Probes("e", talk=LinearProbe((1.0,), 3.0))

    assert probes.for_encoder("e") is probes
    assert probes.for_encoder("f") == Probes()
