"""The licences of the packages: checked against the list in pyproject.toml, and written to docs/licences.md.

Read by pip-licenses from the environment that this runs in. A licence that offers a choice (OR) passes where one of
the choices does; one that joins several (AND, or several classifiers) where all do.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "licences.md"
HEAD = """# Licences

What the running bot is made of, beside its own code (MIT) and the encoder's weights (MIT). Made by `make licences`;
`make check` compares each licence, also of the packages for development, with the list in `pyproject.toml`.

| package | version | licence |
| --- | --- | --- |
"""
NOTE = """
python-telegram-bot, psycopg and its pool are under the LGPL 3: they are used unchanged, as packages of their own that
anybody can replace. Who passes on an image with them passes on their licence and a way to their source as well.
"""


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: Path) -> dict[str, str]:
    """Normal names and versions in a lock file."""
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text("utf-8"), re.M)
    return {normal(name): version for name, version in pins}


def refused(licence: str, allowed: frozenset[str]) -> bool:
    """Whether a licence, as a package states it, is not covered by the list."""
    parts = (_bare(part) for part in re.split(r"\s+AND\s+|;", _bare(licence)))
    return not all(allowed & {_bare(one) for one in re.split(r"\s+OR\s+", part)} for part in parts)


def _bare(text: str) -> str:
    return re.sub(r"^\((.*)\)$", r"\1", text.strip())


def installed() -> dict[str, tuple[str, str]]:
    """Name and licence of every package in this environment, by its normal name."""
    command = [sys.executable, "-m", "piplicenses", "--python", sys.executable, "--with-system", "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return {normal(one["Name"]): (one["Name"], one["License"]) for one in json.loads(run.stdout)}


def table(packages: dict[str, tuple[str, str]]) -> str:
    """The list for people: what requirements.lock installs."""
    pins = locked(ROOT / "requirements.lock")
    names = sorted(pins.keys() & packages.keys())
    lines = (f"| {packages[name][0]} | {pins[name]} | {packages[name][1]} |\n" for name in names)
    return f"{HEAD}{''.join(lines)}{NOTE}"


def main(write: bool) -> int:
    """Check, and write the list or compare it; 1 where a licence is refused or the list is not current."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["licences"]
    allowed, looked_at = frozenset(rules["allowed"]), rules["looked-at"]
    packages, ours = installed(), {*locked(ROOT / "dev.lock"), "torch"}
    text, failed = table(packages), False
    for name in sorted(ours & packages.keys()):
        shown, licence = packages[name]
        if refused(looked_at.get(name, licence), allowed):
            print(f"licences: {shown} is under “{licence}”, which pyproject.toml does not allow")
            failed = True
    if write:
        LIST.write_text(text, encoding="utf-8")
    elif LIST.read_text("utf-8") != text:
        print("licences: docs/licences.md is not current. Run: make licences")
        failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
