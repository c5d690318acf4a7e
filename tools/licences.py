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

PROJECT_ROOT = Path(__file__).parents[1]
LICENCES_FILE = PROJECT_ROOT / "docs" / "licences.md"
LIST_HEADER = """# Licences

What the running bot is made of, beside its own code (MIT) and the encoder's weights (MIT). Made by `make licences`;
`make check` compares each licence, also of the packages for development, with the list in `pyproject.toml`.

| package | version | licence |
| --- | --- | --- |
"""
LIST_NOTE = """
python-telegram-bot, psycopg and its pool are under the LGPL 3: they are used unchanged, as packages of their own that
anybody can replace. Who passes on an image with them passes on their licence and a way to their source as well.
"""


def normalise_name(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(lock: Path) -> dict[str, str]:
    """Normal names and versions in a lock file."""
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text("utf-8"), re.M)
    return {normalise_name(name): version for name, version in pins}


def is_licence_refused(licence: str, allowed: frozenset[str]) -> bool:
    """Whether a licence, as a package states it, is not covered by the list."""
    parts = (_strip_parentheses(part) for part in re.split(r"\s+AND\s+|;", _strip_parentheses(licence)))
    return not all(allowed & {_strip_parentheses(choice) for choice in re.split(r"\s+OR\s+", part)} for part in parts)


def _strip_parentheses(text: str) -> str:
    return re.sub(r"^\((.*)\)$", r"\1", text.strip())


def installed_licences() -> dict[str, tuple[str, str]]:
    """Name and licence of every package in this environment, by its normal name."""
    command = [sys.executable, "-m", "piplicenses", "--python", sys.executable, "--with-system", "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return {
        normalise_name(package["Name"]): (package["Name"], package["License"]) for package in json.loads(run.stdout)
    }


def format_table(packages: dict[str, tuple[str, str]]) -> str:
    """The list for people: what requirements.lock installs."""
    pins = read_lock(PROJECT_ROOT / "requirements.lock")
    names = sorted(pins.keys() & packages.keys())
    lines = (f"| {packages[name][0]} | {pins[name]} | {packages[name][1]} |\n" for name in names)
    return f"{LIST_HEADER}{''.join(lines)}{LIST_NOTE}"


def main(write: bool) -> int:
    """Check, and write the list or compare it; 1 where a licence is refused or the list is not current."""
    rules = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["licences"]
    allowed, looked_at = frozenset(rules["allowed"]), rules["looked-at"]
    packages, package_names = installed_licences(), {*read_lock(PROJECT_ROOT / "dev.lock"), "torch"}
    text, failed = format_table(packages), False
    for name in sorted(package_names & packages.keys()):
        display_name, licence = packages[name]
        if is_licence_refused(looked_at.get(name, licence), allowed):
            print(f"licences: {display_name} is under “{licence}”, which pyproject.toml does not allow")
            failed = True
    if write:
        LICENCES_FILE.write_text(text, encoding="utf-8")
    elif LICENCES_FILE.read_text("utf-8") != text:
        print("licences: docs/licences.md is not current. Run: make licences")
        failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
