"""The bot as a process that is started and killed again and again, and the fork server that it comes from."""

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

from tests.reliability.chaos.life_options import KILL_POINT_FILE, LifeOptions
from tests.support.paths import ROOT


@contextmanager
def run_fork_server() -> Iterator[Path]:
    """Run a fork server inside the block, for any number of bots; yield the path of its socket.

    Raises:
        RuntimeError: it exited before it was ready.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GW_", "SSL_"))}
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        fork_socket = Path(folder, "socket")
        # Nothing here speaks TLS, and reading certificates takes 0.1 s of each life: this folder has none.
        environment |= {"PYTHONPATH": str(ROOT), "SSL_CERT_DIR": folder}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.chaos.fork_server", str(fork_socket)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            if not process.stdout.readline():
                raise RuntimeError("the fork server has exited")
            yield fork_socket
            process.stdin.close()


class BotProcess:
    """A bot in its own folder; the fork server at this socket runs one life of it after another.

    The bot is killed at the end of the block. ``exit_status`` and ``life_seconds`` (its duration) describe the last
    life that exited.
    """

    def __init__(self, fork_socket: Path, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(fork_socket))
        self._stream = self._connection.makefile("rw", encoding="utf-8")
        bot = {"folder": str(folder), "environment": {"GW_DATA_DIR": str(folder)} | environment}
        print(json.dumps(bot), file=self._stream, flush=True)
        self.folder = folder
        self._pid = 0
        self._exited = threading.Event()
        self.exit_status = 0
        self.life_seconds = 0.0

    def start(self, options: LifeOptions) -> None:
        """Start a new life; the one before must have exited."""
        self._exited.clear()
        print(json.dumps(asdict(options)), file=self._stream, flush=True)
        self._pid = self._read_message()["pid"]
        threading.Thread(target=self._watch, args=(time.monotonic(),), daemon=True).start()

    @property
    def has_exited(self) -> bool:
        """Whether the last life that was started has exited."""
        return self._exited.is_set()

    def kill(self) -> None:
        """Send SIGKILL, if a life is running."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send a signal, if a life is running."""
        if self._pid and not self._exited.is_set():
            try:
                os.kill(self._pid, number)
            except ProcessLookupError:  # it has just reached its kill point
                return

    def set_kill_point(self, kill_point: str) -> None:
        """Set the kill point of the life that is running, in the format of `KillTrigger`."""
        (self.folder / KILL_POINT_FILE).write_text(kill_point)
        self.send_signal(signal.SIGUSR1)

    def wait(self) -> int:
        """Wait until the life has exited; return its exit code, or the signal as a negative number."""
        self._exited.wait()
        return self.exit_status

    def __enter__(self) -> "BotProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.kill()
        if self._pid:
            self.wait()
        self._stream.close()
        self._connection.close()

    def _read_message(self) -> dict[str, int]:
        line = self._stream.readline()
        if not line:
            raise RuntimeError("the fork server has exited")
        message: dict[str, int] = json.loads(line)
        return message

    def _watch(self, started: float) -> None:
        self.exit_status = self._read_message()["status"]
        self.life_seconds = time.monotonic() - started
        self._exited.set()
