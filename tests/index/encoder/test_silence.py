"""Loading the encoder tells nobody."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

LOAD = (
    "import sys; from pathlib import Path; from index.encoder.encoder import OnnxEncoder; "
    "OnnxEncoder.load(Path(sys.argv[1]))"
)


def test_runtime_reports_to_nobody(encoder_dir: Path, tmp_path: Path) -> None:
    """ONNX Runtime makes no device id and no database of events to send, as it does where its reporting is on."""
    surroundings = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    surroundings.pop("ORT_DISABLE_TELEMETRY", None)

    subprocess.run(
        [sys.executable, "-c", LOAD, str(encoder_dir)],
        env={**surroundings, "PYTHONPATH": str(ROOT)},
        check=True,
    )

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
