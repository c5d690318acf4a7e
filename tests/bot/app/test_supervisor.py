"""The supervisor's notifications to systemd."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app.supervisor import notify_systemd, run_watchdog


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def test_readiness_is_notified(systemd: socket.socket) -> None:
    """systemd is notified when the bot is ready."""
    notify_systemd("READY=1")

    assert systemd.recv(100) == b"READY=1"


async def test_watchdog_is_notified_while_the_loop_runs(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the event loop runs, systemd's watchdog is notified regularly."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")

    watchdog = asyncio.create_task(run_watchdog())
    received = [await asyncio.to_thread(systemd.recv, 100) for _ in range(3)]
    watchdog.cancel()
    await asyncio.gather(watchdog, return_exceptions=True)

    assert received == [b"WATCHDOG=1"] * 3


async def test_nothing_is_sent_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without systemd, no notification is sent and no watchdog runs."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.delenv(name, raising=False)

    notify_systemd("READY=1")
    await run_watchdog()
