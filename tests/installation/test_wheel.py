"""The wheel in a new environment and an empty folder, as users without a checkout get it.

The dependencies are really installed: one that pyproject.toml lacks would go unnoticed if they were borrowed from the
environment of these tests. Their versions are those of that environment, so that no other release fails a test.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.paths import ROOT

SOURCES = ("bot", "index", "knowledge", "prompts", "pyproject.toml", "README.md", "LICENSE")
OPEN = "the sandbox is open: "
PATIENCE = 60.0  # seconds between two events of the page
Snapshot = dict[Path, tuple[int, int]]  # modification time (ns) and size

pytestmark = pytest.mark.wheel


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the wheel, and an empty folder to run it in."""

    environment: Path
    folder: Path
    packages: Path
    before: Snapshot

    def variables(self) -> dict[str, str]:
        """Return the variables of a process that knows nothing of this checkout or its environment."""
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
        return {**kept, "HOME": str(self.folder), "PORT": "0", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *command: str) -> str:
        """Run a program of the environment in the folder; return its output, and fail if it fails."""
        path = str(self.environment / "bin" / command[0])
        done = subprocess.run(
            [path, *command[1:]], cwd=self.folder, env=self.variables(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Build the wheel from a copy of the sources, and install it with its dependencies into a new environment."""
    folder = tmp_path_factory.mktemp("wheel")
    sources, wheels, environment = folder / "sources", folder / "wheels", folder / "environment"
    sources.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources)
    versions = [f"{found.name}=={found.version}" for found in distributions() if found.name != "gemeinsam-wirken-bot"]
    (folder / "versions.txt").write_text("\n".join(versions), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    there = ["--python", str(environment / "bin" / "python")]

    without_checkout = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*command: str | Path) -> None:
        subprocess.run(command, cwd=folder, env=without_checkout, check=True)

    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, sources)
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    (wheel,) = wheels.iterdir()
    run(*pip, *there, "install", "-c", folder / "versions.txt", wheel)

    (packages,) = environment.glob("lib/*/site-packages")
    (folder / "empty").mkdir()
    return Installation(environment, folder / "empty", packages, take_snapshot(packages))


@dataclass(frozen=True)
class Sandbox:
    """A running `gwbot run`: the address of its page, and what it wrote on standard error until that was open."""

    url: str
    said: str


@pytest.fixture(scope="module")
def sandbox(installation: Installation) -> Iterator[Sandbox]:
    """Run `gwbot run` in the empty folder; afterwards SIGTERM must end it with exit code 0."""
    with subprocess.Popen(
        [installation.environment / "bin" / "gwbot", "run"],
        cwd=installation.folder,
        env=installation.variables(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            said = ""
            for line in process.stderr:
                said += line
                if OPEN in line:
                    break
            assert OPEN in said, said
            yield Sandbox(said.rpartition(OPEN)[2].strip(), said)
            process.send_signal(signal.SIGTERM)
            rest = process.communicate(timeout=20)[1]
            assert process.returncode == 0, rest
        finally:
            process.kill()


def take_snapshot(folder: Path) -> Snapshot:
    stats = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def find_answer(state: dict[str, Any]) -> str:
    """Return the bot's answer to the question, "" if there is none yet."""
    texts = [message["text"] for chat in state["chats"] for message in chat["messages"] if message["own_bot"]]
    return next((text for text in texts if "Aus der Fachliteratur:" in text), "")


def test_first_start(installation: Installation, sandbox: Sandbox) -> None:
    """In an empty folder `gwbot run` prepares encoder and index, and says so, before the page opens."""
    lines = sandbox.said.splitlines()

    assert lines[0].startswith("Preparing the encoder (once, ")
    assert lines[1] == "Building the index of the built-in knowledge (once) …"
    assert "The index is ready." in lines
    assert "Traceback" not in sandbox.said
    assert sorted(path.name for path in installation.folder.iterdir()) == ["data"]
    assert {"encoder", "index", "sandbox"} <= {path.name for path in (installation.folder / "data").iterdir()}


def test_page_answers(sandbox: Sandbox) -> None:
    """A question that is typed on the page is answered."""
    with httpx.Client(base_url=sandbox.url, timeout=PATIENCE) as client:
        page = client.get("/")
        ada = client.get("/api/state").json()["people"][0]["id"]
        client.post("/api/say", json={"person": ada, "chat": ada, "text": "Was ist Collective Impact?"})
        with client.stream("GET", "/api/events") as events:
            answer = next(filter(None, (find_answer(client.get("/api/state").json()) for _ in events.iter_lines())))

    assert page.headers["content-type"].startswith("text/html")
    assert "Collective Impact" in answer


def test_other_commands(installation: Installation, sandbox: Sandbox) -> None:
    """After the first start the other commands work in the same folder; `gwbot eval` has its own questions."""
    assert json.loads(installation.run("gwbot", "ask", "--json", "Was ist ein Backbone?"))["status"] == "answered"
    assert "ok    index: " in installation.run("gwbot", "doctor")
    assert "files are in order" in installation.run("gwbot", "knowledge", "check", "--lang", "en")
    assert "Report: " in installation.run("gwbot", "eval", "--sample", "100", "--report", "data/report")


def test_nothing_is_written_into_the_package(installation: Installation, sandbox: Sandbox) -> None:
    """The program runs from the environment alone, and changes nothing there."""
    place = installation.run("python", "-c", "import bot; print(bot.__file__)").strip()

    assert Path(place).is_relative_to(installation.packages)
    assert take_snapshot(installation.packages) == installation.before
