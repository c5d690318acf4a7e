"""The licences of the packages: checked against the list in pyproject.toml, and written to docs/licences.md.

pip-licenses reads them from the current environment. A choice of licences (OR) passes if one of them does, a
combination (AND, or several classifiers) if all do.
"""

import re
import sys
import tomllib
from pathlib import Path

from tools import PROJECT_ROOT, run_json

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
    """Return a package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(lock: Path) -> dict[str, str]:
    """Return the version by normalised name of each package in a lock file."""
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text("utf-8"), re.M)
    return {normalise_name(name): version for name, version in pins}


def is_licence_refused(licence: str, allowed: frozenset[str]) -> bool:
    """Whether a licence, as a package states it, is not among the allowed ones."""
    parts = (_strip_parentheses(part) for part in re.split(r"\s+AND\s+|;", _strip_parentheses(licence)))
    return not all(allowed & {_strip_parentheses(choice) for choice in re.split(r"\s+OR\s+", part)} for part in parts)


def _strip_parentheses(text: str) -> str:
    return re.sub(r"^\((.*)\)$", r"\1", text.strip())


def installed_licences() -> dict[str, tuple[str, str]]:
    """Return name and licence of every package in this environment by normalised name."""
    packages = run_json("piplicenses", "--python", sys.executable, "--with-system", "--format", "json")
    return {normalise_name(package["Name"]): (package["Name"], package["License"]) for package in packages}


def format_table(packages: dict[str, tuple[str, str]]) -> str:
    """Return docs/licences.md: the packages that requirements.lock installs."""
    pins = read_lock(PROJECT_ROOT / "requirements.lock")
    names = sorted(pins.keys() & packages.keys())
    lines = (f"| {packages[name][0]} | {pins[name]} | {packages[name][1]} |\n" for name in names)
    return f"{LIST_HEADER}{''.join(lines)}{LIST_NOTE}"


def main(write: bool) -> int:
    """Check all licences, and write the list or compare it; return 1 if one is refused or the list is outdated."""
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
