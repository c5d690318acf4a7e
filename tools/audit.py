"""`make audit`: known vulnerabilities in all packages of uv.lock, by pip-audit.

Exit codes: 0 if none is known, or if no service can be reached, which is printed; 1 if at least one is known.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools import PROJECT_ROOT, run_json
from tools.licences import read_requirements

EXPORT = ("export", "-q", "--frozen", "--offline", "--all-extras", "--no-emit-project", "--no-annotate")
SERVICE_TIMEOUT = "5"  # seconds for an answer
AUDIT_TIMEOUT = 300  # seconds in all


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Known vulnerabilities with the versions that fix them, and which packages were looked up or unknown."""

    vulnerabilities: tuple[str, ...]
    checked_count: int
    unknown_packages: tuple[str, ...]


def audit_requirements(requirements: Path, options: Sequence[str] = ()) -> AuditResult | None:
    """Look up all packages of a requirements file; return None if the service does not answer."""
    report = _run_pip_audit(["-r", str(requirements)], options)
    return None if report is None else _parse_report(report)


def is_service_reachable(options: Sequence[str] = ()) -> bool:
    """Whether the service answers for one common package; looking up all of them takes much longer."""
    with TemporaryDirectory() as folder:
        requirements_file = Path(folder) / "one.txt"
        requirements_file.write_text(_find_pin("idna"), encoding="utf-8")
        report = _run_pip_audit(["-r", str(requirements_file), "--no-deps"], options)
    return report is not None and _parse_report(report).checked_count == 1


def _find_pin(name: str) -> str:
    return f"{name}=={read_requirements(PROJECT_ROOT / 'requirements.txt')[name]}"


def _export_lock(out: Path) -> None:
    """Write all packages of uv.lock to a requirements file."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, *EXPORT, "-o", out], cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, check=True)


def _run_pip_audit(requirements: Sequence[str], options: Sequence[str]) -> dict[str, Any] | None:
    flags = ("--disable-pip", "--progress-spinner", "off", "-f", "json", "--timeout", SERVICE_TIMEOUT)
    try:
        report: dict[str, Any] = run_json("pip_audit", *flags, *options, *requirements, timeout=AUDIT_TIMEOUT)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return report


def _parse_report(report: dict[str, Any]) -> AuditResult:
    vulnerabilities, unknown_packages, checked_count = [], [], 0
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unknown_packages.append(package["name"])
            continue
        checked_count += 1
        for vulnerability in package["vulns"]:
            fixed_versions = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            pin = f"{package['name']} {package['version']}"
            vulnerabilities.append(f"{pin}: {vulnerability['id']}, fixed in {fixed_versions}")
    return AuditResult(tuple(vulnerabilities), checked_count, tuple(unknown_packages))


def main(options: Sequence[str]) -> int:
    """Print the known vulnerabilities and return the exit code."""
    if not is_service_reachable(options):
        print("audit: skipped, no vulnerability service can be reached from here")
        return 0
    with TemporaryDirectory() as folder:
        requirements = Path(folder) / "all.txt"
        _export_lock(requirements)
        result = audit_requirements(requirements, options)
    if result is None:
        print("audit: skipped, the vulnerability service stopped responding")
        return 0
    print(f"audit: {result.checked_count} packages looked up, {len(result.vulnerabilities)} vulnerabilities known")
    for line in result.vulnerabilities:
        print(f"  {line}")
    if result.unknown_packages:
        print(f"  not found there: {', '.join(result.unknown_packages)}")
    return 1 if result.vulnerabilities else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
