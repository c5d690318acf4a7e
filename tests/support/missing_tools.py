"""Markers for tests that need what a machine may lack: `@needs_torch`, or `pytestmark = needs_torch` for a file.

Such tests are skipped, like those whose fixtures call `pytest.skip(reason)`, and the run ends with one line on what
is missing (`summary`, printed by conftest.py).
"""

import shutil
from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec

import pytest

needs_poppler = pytest.mark.skipif(
    not (shutil.which("pdfinfo") and shutil.which("pdftotext")),
    reason="poppler is not installed (apt-get install poppler-utils)",
)
needs_torch = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("sentence_transformers")),
    reason="torch or sentence-transformers is not installed",
)


def summary(skipped: Iterable[pytest.TestReport]) -> str:
    """Return one line on why tests were skipped, with the number for each reason; empty if none was."""
    reasons = Counter(_reason(report) for report in skipped)
    counted = "; ".join(f"{count} because {reason}" for reason, count in reasons.most_common())
    return f"Tests skipped: {counted}" if reasons else ""


def _reason(report: pytest.TestReport) -> str:
    assert isinstance(report.longrepr, tuple)  # file, line, reason
    return report.longrepr[2].removeprefix("Skipped: ")
