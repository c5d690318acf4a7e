"""Tools for developers. Nothing that is installed imports them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).parents[1]


def run_json(module: str, *arguments: str, timeout: float | None = None) -> Any:
    """Run a Python module as a command and return the JSON it prints, whatever its exit code.

    Raises:
        ValueError: it prints no JSON.
        subprocess.TimeoutExpired: it takes more than ``timeout`` seconds.
    """
    command = [sys.executable, "-m", module, *arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False).stdout)
