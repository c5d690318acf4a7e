"""Locked versions and licences."""

import re
import tomllib

import pytest

from tests.support.paths import ROOT
from tools.licences import is_licence_refused, read_lock, read_requirements

ALLOWED = frozenset({"MIT", "PSF-2.0", "Apache-2.0", "ISC License (ISCL)"})
TORCH = {"torch", "transformers", "sentence-transformers", "scikit-learn"}


def test_every_locked_version_has_hashes() -> None:
    """Every locked file has a hash, so that no other file can replace it."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    files = [
        (package["name"], file)
        for package in packages
        for file in (*package.get("wheels", ()), *filter(None, [package.get("sdist")]))
    ]

    assert len(files) > len(packages)
    assert [name for name, file in files if not file["hash"].startswith("sha256:")] == []


def test_serving_needs_no_torch() -> None:
    """The running bot installs neither torch nor what fits the decision; torch is in no lock at all."""
    assert read_requirements(ROOT / "requirements.txt").keys() & TORCH == set()
    assert read_lock(ROOT / "uv.lock") & TORCH == TORCH - {"torch"}


def test_torch_has_one_version() -> None:
    """`make setup-train` installs the version of torch that the extra `train` requires."""
    (required,) = re.findall(r'"(torch==[^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    (installed,) = re.findall(r"^TORCH \?= (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.M)

    assert installed == required


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
