"""Paths that several tests use."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Encoder and index, as `make setup` leaves them; `make test-lowest` names a folder of its own.
PREPARED = Path(os.environ.get("PREPARED") or ROOT / "data")
FOLLOW_UPS = ROOT / "tests" / "data" / "followups.jsonl"
WISHES = ROOT / "tests" / "data" / "wishes.jsonl"
