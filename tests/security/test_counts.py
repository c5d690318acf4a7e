"""The number of attacks in docs/security.md is the number that pytest collects."""

import re
import subprocess
import sys

from tests.support.paths import ROOT

MIN_CASES = 500  # attacks in all


def count_cases() -> dict[str, int]:
    """Return the number of cases of each file here, as pytest collects them, without this file."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/security", "--collect-only", "-qq", "-p", "no:cacheprovider"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    counts = {
        name: int(count) for name, count in re.findall(r"^tests/security/(\w+\.py): (\d+)$", result.stdout, re.M)
    }
    return {name: count for name, count in counts.items() if name != "test_counts.py"}


def test_documented_counts_are_correct() -> None:
    """docs/security.md lists every file with its number of cases and their sum, which is large enough."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    documented = {
        name: int(count.replace(",", "")) for name, count in re.findall(r"`(test_\w+\.py)` \| ([\d,]+)", text)
    }
    total = re.search(r"\*\*([\d,]+) cases\*\*", text)
    collected_counts = count_cases()

    assert documented == collected_counts
    assert total is not None
    assert int(total[1].replace(",", "")) == sum(collected_counts.values()) >= MIN_CASES
