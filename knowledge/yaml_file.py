"""Read YAML with libyaml, which is ten times as fast as PyYAML alone, if PyYAML has it."""

from pathlib import Path
from typing import Any

import yaml

YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """Return what a YAML file of the program holds; editors' files are read by `knowledge.parsing.strict_yaml`."""
    return yaml.load(path.read_text(encoding="utf-8"), YAML_LOADER)  # noqa: S506 - either loader is a safe one
