"""The fitted decision as it is stored."""

import json
from pathlib import Path

import pytest

from index.decision.calibration import CALIBRATION_FILE, load_calibration
from index.errors import IndexUnusable


def test_a_feature_that_is_not_fitted_yet(tmp_path: Path) -> None:
    """Models that lack a feature of this program are rejected with the file and the command that fits them."""
    stored = json.loads(CALIBRATION_FILE.read_text("utf-8"))
    stored["house"]["scope"]["features"].pop()
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(stored), "utf-8")

    with pytest.raises(IndexUnusable, match=r"calibration\.json was not fitted on .*features\.py.* gwbot calibrate"):
        load_calibration(with_examples=True, path=path)
    assert load_calibration(with_examples=False, path=path).origin == stored["foreign"]["origin"]
