"""Locked versions and licences."""

import re

import pytest

from tests.support.paths import ROOT
from tools.licences import is_licence_refused, normalise_name, read_lock

LOCKS = ("requirements.lock", "build.lock", "dev.lock")
ALLOWED = frozenset({"MIT", "PSF-2.0", "Apache-2.0", "ISC License (ISCL)"})


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_version_has_hashes(name: str) -> None:
    """Every locked package has hashes, so that no other file can replace it."""
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8"))

    assert [block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_locks_and_constraints_agree() -> None:
    """The locks have the versions of constraints.txt, and each is a part of the next; if not, run: make lock"""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    wanted = {normalise_name(name): version for name, version in (line.split("==") for line in lines if "==" in line)}
    serving, building, testing = (read_lock(ROOT / name) for name in LOCKS)

    assert serving.items() <= building.items() <= testing.items()
    assert {name: version for name, version in testing.items() if wanted.get(name, version) != version} == {}
    assert wanted.keys() - testing.keys() == {"torch"}


def test_serving_needs_no_torch() -> None:
    """The running bot installs neither torch nor the packages that prepare an encoder."""
    assert read_lock(ROOT / LOCKS[0]).keys() & {"torch", "transformers", "sentence-transformers", "onnx"} == set()


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False),
        ("MIT AND PSF-2.0", False),
        ("ISC License (ISCL)", False),
        ("GPL-3.0-only OR MIT", False),
        ("MIT AND GPL-3.0-only", True),
        ("(MIT AND GPL-3.0-only)", True),
        ("MIT License; GPL", True),
        ("UNKNOWN", True),
    ],
)
def test_licence_expressions(licence: str, refused: bool) -> None:
    """Of alternative licences one must be allowed, of combined ones all."""
    assert is_licence_refused(licence, ALLOWED) is refused
