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
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def test_ready_is_told(systemd: socket.socket) -> None:
    """systemd is notified that the bot is ready."""
    notify_systemd("READY=1")

    assert systemd.recv(100) == b"READY=1"


async def test_loop_is_told_to_live(systemd: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the event loop runs, systemd is notified again and again."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")

    alive = asyncio.create_task(run_watchdog())
    heard = [await asyncio.to_thread(systemd.recv, 100) for _ in range(3)]
    alive.cancel()
    await asyncio.gather(alive, return_exceptions=True)

    assert heard == [b"WATCHDOG=1"] * 3


async def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without systemd nothing is sent."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.delenv(name, raising=False)

    notify_systemd("READY=1")
    await run_watchdog()
