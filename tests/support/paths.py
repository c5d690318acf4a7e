"""Paths that several tests use."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PREPARED = ROOT / "data"  # encoder and index, as prepared by `make setup`
FOLLOW_UPS = ROOT / "tests" / "data" / "followups.jsonl"
WISHES = ROOT / "tests" / "data" / "wishes.jsonl"
