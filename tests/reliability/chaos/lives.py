"""The lives of a bot: each is begun, and ended by `kill -9`."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from tests.reliability.chaos.order import POINT, Order
from tests.support.paths import ROOT


@contextmanager
def fork_server() -> Iterator[Path]:
    """The socket of a process that has everything loaded and forks the bots, as many as are needed."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("GW_", "SSL_"))}
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        path = Path(folder, "socket")
        # Nothing here speaks TLS, and reading certificates takes 0.1 s of each life: there are none in this folder.
        known |= {"PYTHONPATH": str(ROOT), "SSL_CERT_DIR": folder}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.chaos.process", str(path)],
            cwd=ROOT,
            env=known,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            if not process.stdout.readline():
                raise RuntimeError("the process that forks the bots has ended")
            yield path
            process.stdin.close()


class Lives:
    """The lives of one bot in the given folder, forked one after another by the `fork_server` at this socket."""

    def __init__(self, forks: Path, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(forks))
        self._lines = self._connection.makefile("rw", encoding="utf-8")
        bot = {"folder": str(folder), "environment": {"GW_DATA_DIR": str(folder)} | environment}
        print(json.dumps(bot), file=self._lines, flush=True)
        self.folder = folder
        self._pid = 0
        self._ended = threading.Event()
        self.status = 0
        self.lasted = 0.0  # seconds of the last life

    def begin(self, order: Order) -> None:
        """A new life."""
        self._ended.clear()
        print(json.dumps(asdict(order)), file=self._lines, flush=True)
        self._pid = self._said()["pid"]
        threading.Thread(target=self._wait, args=(time.monotonic(),), daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether there is no life now."""
        return self._ended.is_set()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the life now, if it has not ended by itself."""
        if self._pid and not self._ended.is_set():
            try:
                os.kill(self._pid, number)
            except ProcessLookupError:  # it ended in this moment, by its own point
                return

    def arm(self, point: str) -> None:
        """Give the life that is there its point."""
        (self.folder / POINT).write_text(point)
        self.kill(signal.SIGUSR1)

    def over(self) -> int:
        """Wait for the end; the signal as a negative number, else the exit code."""
        self._ended.wait()
        return self.status

    def __enter__(self) -> "Lives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.kill()
        if self._pid:
            self.over()
        self._lines.close()
        self._connection.close()

    def _said(self) -> dict[str, int]:
        line = self._lines.readline()
        if not line:
            raise RuntimeError("the process that forks the bots has ended")
        said: dict[str, int] = json.loads(line)
        return said

    def _wait(self, began: float) -> None:
        self.status = self._said()["status"]
        self.lasted = time.monotonic() - began
        self._ended.set()
