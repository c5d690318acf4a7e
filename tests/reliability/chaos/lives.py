"""The lives of a bot: each is started, and ended by `kill -9`."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from tests.reliability.chaos.life_options import POINT, LifeOptions
from tests.support.paths import ROOT


class Lives:
    """A process that forks one bot after another in a folder."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GW_")}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "no-certificates").mkdir()  # TLS is not used, and loading them would take 0.1 s of each life
        paths = {
            "PYTHONPATH": str(ROOT),
            "GW_DATA_DIR": str(folder),
            "SSL_CERT_DIR": str(folder / "no-certificates"),
        }
        for name in ("encoder", "index"):
            (folder / name).symlink_to((ROOT / "data" / name).resolve())
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.chaos.process"],
            cwd=folder,
            env=inherited | paths | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.folder = folder
        self._pid = 0
        self._ended = threading.Event()
        self.status = 0
        self.duration = 0.0  # seconds that the last life lasted

    def start(self, options: LifeOptions) -> None:
        """Start a new life."""
        assert self._server.stdin
        self._ended.clear()
        self._server.stdin.write(json.dumps(asdict(options)) + "\n")
        self._server.stdin.flush()
        self._pid = self._read_message()["pid"]
        threading.Thread(target=self._wait, args=(time.monotonic(),), daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether there is no life now."""
        return self._ended.is_set()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the life now, unless it has ended already."""
        if self._pid and not self._ended.is_set():
            try:
                os.kill(self._pid, number)
            except ProcessLookupError:  # it has just ended at its own point
                return

    def arm(self, point: str) -> None:
        """Tell the current life where to end."""
        (self.folder / POINT).write_text(point)
        self.kill(signal.SIGUSR1)

    def wait(self) -> int:
        """Wait for the end; return the signal as a negative number, or the exit code."""
        self._ended.wait()
        return self.status

    def __enter__(self) -> "Lives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.kill()
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait()
        assert self._server.stdout
        self._server.stdout.close()

    def _read_message(self) -> dict[str, int]:
        assert self._server.stdout
        line = self._server.stdout.readline()
        if not line:
            raise RuntimeError("the process that forks the bots has ended")
        message: dict[str, int] = json.loads(line)
        return message

    def _wait(self, started: float) -> None:
        self.status = self._read_message()["status"]
        self.duration = time.monotonic() - started
        self._ended.set()
