"""Every problem has a wording in both languages that names the same values."""

import re
import string
from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import CATALOGUE_FILE, Problem
from tests.support.paths import ROOT

CATALOGUE: dict[str, dict[str, Any]] = yaml.safe_load(CATALOGUE_FILE.read_text("utf-8"))


def placeholders(text: str) -> set[str]:
    """Return the names of the values in a wording."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_wordings_are_complete() -> None:
    """Each code is an error or a hint, and is worded in German and English with the same values."""
    assert CATALOGUE["errors"].keys().isdisjoint(CATALOGUE["hints"])
    for code, wordings in (CATALOGUE["errors"] | CATALOGUE["hints"]).items():
        assert wordings.keys() == {"de", "en"}, code
        assert placeholders(wordings["de"]) == placeholders(wordings["en"]), code


def test_every_wording_is_used() -> None:
    """No wording is left over: each code occurs in the program."""
    sources = [
        path.read_text("utf-8") for name in ("bot", "index", "knowledge") for path in (ROOT / name).rglob("*.py")
    ]
    used = set(re.findall(r'"([a-z_0-9]+)"', "\n".join(sources)))

    assert set(CATALOGUE["errors"] | CATALOGUE["hints"]) - used == set()


def test_error_and_hint_look_different() -> None:
    """One line says where, whether it is an error or a hint, what, and what is right."""
    error = Problem.of(Path("a.md"), 3, "empty", key="layer")
    hint = Problem.of(Path("a.md"), 0, "few_questions", count=2, minimum=24)

    assert error.describe("de") == "a.md:3: Fehler: Bei „layer:“ steht nichts. Richtig zum Beispiel: layer: page"
    assert hint.describe("en") == "a.md: hint: 2 example questions; at least 24 are needed"
    assert (error.is_hint, hint.is_hint) == (False, True)
