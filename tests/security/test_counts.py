"""docs/security.md says how many attacks there are; that is counted, not claimed."""

import re
import subprocess
import sys

from tests.support.paths import ROOT

LEAST = 500  # attacks


def collected() -> dict[str, int]:
    """The cases of each file here, as pytest finds them; this one and the fixtures are no attacks."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/security", "--collect-only", "-qq", "-p", "no:cacheprovider"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {name: int(count) for name, count in re.findall(r"^tests/security/(\w+\.py): (\d+)$", done.stdout, re.M)}
    return {name: count for name, count in found.items() if name != "test_counts.py"}


def test_the_table_counts_right() -> None:
    """Every file is in the table with the number of its cases, their sum stands above it, and it is enough."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    claimed = {name: int(count.replace(",", "")) for name, count in re.findall(r"`(test_\w+\.py)` \| ([\d,]+)", text)}
    total = re.search(r"\*\*([\d,]+) cases\*\*", text)
    counted = collected()

    assert claimed == counted
    assert total is not None
    assert int(total[1].replace(",", "")) == sum(counted.values()) >= LEAST
