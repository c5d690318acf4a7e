"""`gwbot run` as a process: when and where it opens the sandbox, and how it stops."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bot.sandbox.fake_telegram import FakeTelegram
from tests.bot.sandbox.conftest import Json
from tests.support.command_line import environment, started

OPEN = "the sandbox is open: "


@contextmanager
def running(
    data: Path, folder: Path, *arguments: str, stdin: int = subprocess.DEVNULL, **variables: str
) -> Iterator[str]:
    """Run the bot inside the block, yield the page's address, and check that SIGTERM ends it with exit code 0."""
    env = environment(folder, data, **{"PORT": "0", **variables})
    pipes = {"stdin": stdin, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with started("run", *arguments, cwd=folder, env=env, **pipes) as process:
        assert process.stderr is not None
        line = next((line for line in process.stderr if OPEN in line), "")
        yield line.partition(OPEN)[2].strip()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[1]
        assert process.returncode == 0, rest
        assert "Traceback" not in rest


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no variable for the display")
def test_page_opens_in_the_browser(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page opens in the browser of whoever sits at the display, and is served to this machine only."""
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n', encoding="utf-8")
    browser.chmod(0o700)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.delenv("SSH_CONNECTION", raising=False)

    with running(prepared, tmp_path, CI="") as url:
        assert opened.read_text(encoding="utf-8").strip() == url
        say_something(url)
        with pytest.raises(httpx.ConnectError):
            httpx.get(url.replace("127.0.0.1", "127.0.0.2"))
    opened.unlink()

    # The next run opens no browser if that is not wanted, begins anew, and is stopped while it waits for input.
    with running(prepared, tmp_path, "--no-open", stdin=subprocess.PIPE, CI="") as url:
        say_something(url)
    assert not opened.exists()


def say_something(url: str) -> None:
    """Write to the bot of a sandbox in which nobody has written yet."""
    state: Json = httpx.get(f"{url}/api/state").json()
    ada = state["people"][0]["id"]
    sent = httpx.post(f"{url}/api/say", json={"person": ada, "chat": ada, "text": "/beratung"})

    assert (sent.status_code, state["chats"][0]["messages"]) == (200, [])


def test_used_port_is_avoided(prepared: Path, tmp_path: Path) -> None:
    """If the port is in use, a free one is chosen, and two sandboxes use separate folders."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        with running(prepared, tmp_path, PORT=port) as first, running(prepared, tmp_path, PORT=port) as second:
            assert port not in first + second
            assert first != second
            assert (prepared / "sandbox-2" / "index").exists()


def test_no_sandbox_with_a_token(prepared: Path, tmp_path: Path) -> None:
    """With a token the bot uses Telegram, and nothing of the sandbox is even imported."""
    log = tmp_path / "stderr"
    with FakeTelegram() as fake_telegram, log.open("w") as stderr:
        token = {"GW_TELEGRAM_TOKEN": fake_telegram.token, "GW_TELEGRAM_API_URL": fake_telegram.url}
        env = environment(tmp_path, prepared, PORT="0", PYTHONPROFILEIMPORTTIME="1", **token)
        with started("run", cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stderr=stderr) as process:
            fake_telegram.wait_for_sync(lambda: fake_telegram.is_polling, timeout=60)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    output = log.read_text()

    assert process.returncode == 0
    assert OPEN not in output
    assert "bot.telegram.polling" in output
    assert not [name for name in ("bot.sandbox", "bot.sandbox.launcher", "aiosmtpd") if name in output]
