"""`make audit`: known vulnerabilities in the locked packages, by pip-audit.

Exit codes: 0 none known, or nobody could be asked (said clearly); 1 at least one is known.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "dev.lock")
PATIENCE = "5"  # seconds for an answer
LONGEST = 300  # seconds in all


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known: vulnerable packages with what mends them, and how many packages were looked up or not found."""

    found: tuple[str, ...]
    looked_up: int
    unknown: tuple[str, ...]


def audit(locks: Sequence[Path], options: Sequence[str] = ()) -> Audit | None:
    """Ask for all packages of these locks; None where nobody can be asked."""
    report = _asked([part for lock in locks for part in ("-r", str(lock))], options)
    return None if report is None else _read(report)


def reachable(options: Sequence[str] = ()) -> bool:
    """Whether somebody answers for a package that everybody has: asked first, since asking for all takes its time."""
    with TemporaryDirectory() as folder:
        one = Path(folder) / "one.txt"
        one.write_text(_pin("idna"), encoding="utf-8")
        report = _asked(["-r", str(one), "--no-deps"], options)
    return report is not None and _read(report).looked_up == 1


def _pin(name: str) -> str:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return next(line for line in pins if line.startswith(f"{name}=="))


def _asked(what: Sequence[str], options: Sequence[str]) -> dict[str, Any] | None:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    try:
        run = subprocess.run(
            [*command, "--timeout", PATIENCE, *options, *what], capture_output=True, text=True, timeout=LONGEST
        )
        report: dict[str, Any] = json.loads(run.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return report


def _read(report: dict[str, Any]) -> Audit:
    found, unknown, looked_up = [], [], 0
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unknown.append(package["name"])
            continue
        looked_up += 1
        for one in package["vulns"]:
            mended = ", ".join(one["fix_versions"]) or "no version yet"
            found.append(f"{package['name']} {package['version']}: {one['id']}, mended in {mended}")
    return Audit(tuple(found), looked_up, tuple(unknown))


def main(options: Sequence[str]) -> int:
    """Print what is known."""
    if not reachable(options):
        print("audit: skipped, no list of vulnerabilities can be reached from here")
        return 0
    known = audit([ROOT / lock for lock in LOCKS], options)
    if known is None:
        print("audit: skipped, the list of vulnerabilities stopped answering")
        return 0
    print(f"audit: {known.looked_up} packages looked up, {len(known.found)} vulnerabilities known")
    for line in known.found:
        print(f"  {line}")
    if known.unknown:
        print(f"  not looked up: {', '.join(known.unknown)}")
    return 1 if known.found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
