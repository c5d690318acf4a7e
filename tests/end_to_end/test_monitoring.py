"""Health, readiness and metrics of a running bot."""

import asyncio
import re
import shutil
import socket
from pathlib import Path

import httpx
import pytest

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, User
from bot.settings import Settings
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running
from tests.end_to_end.test_webhook import free_port
from tests.support.logged import logged
from tests.support.paths import PREPARED


@pytest.fixture
def port(bot_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port on which a polling bot is told to serve."""
    assert bot_settings
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    return port


async def get(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_polling_bot_serves_monitoring(
    port: int, fake_telegram: FakeTelegram, live: LiveIndex, ada: User
) -> None:
    """If PORT is set, a polling bot serves health and readiness, and counts and times what it does."""
    async with running(Settings(), live):
        ada.send_text("Was ist Collective Impact? Mein Geheimnis")
        await ada.wait_for_reply()
        ada.send_text("/hilfe")
        await ada.wait_for_reply()
        health, ready, metrics = [await get(port, path) for path in ("/healthz", "/readyz", "/metrics")]

    assert (health.status_code, health.text) == (200, "ok")
    assert (ready.status_code, ready.json()) == (200, {"store": "ok", "index": "ok", "telegram": "ok"})
    for line in (
        'gw_updates_total{kind="text",tenant="main"} 1.0',
        'gw_updates_total{kind="command",tenant="main"} 1.0',
        'gw_outcomes_total{status="answered",tenant="main"} 1.0',
        'gw_decision_seconds_count{tenant="main"} 1.0',
        'gw_reply_seconds_count{tenant="main"} 2.0',
        'gw_requests{state="open",tenant="main"} 0.0',
        'gw_updates_pending{tenant="main"} 0.0',
        'gw_calls_oldest_seconds{tenant="main"} 0.0',
        'gw_flood_halts_total{tenant="main"} 0.0',
        'gw_poll_conflicts_total{tenant="main"} 0.0',
    ):
        assert line in metrics.text.splitlines()
    for personal in ("Ada", "Geheimnis", str(ada.id), fake_telegram.token):
        assert personal not in metrics.text + ready.text


async def metrics_after_reply(port: int) -> str:
    """Return the metrics once a reply is counted, which is after the person has it."""
    text = ""
    async with asyncio.timeout(30):
        while 'gw_reply_seconds_count{tenant="main"} 1.0' not in text:
            text = (await get(port, "/metrics")).text
    return text


async def test_rate_limit_is_counted(port: int, fake_telegram: FakeTelegram, live: LiveIndex, ada: User) -> None:
    """A rate limit is counted, and the reply time includes the wait."""
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, retry_after=1)
    async with running(Settings(), live):
        ada.send_text("/hilfe")
        await ada.wait_for_reply()
        text = await metrics_after_reply(port)

    assert 'gw_flood_halts_total{tenant="main"} 1.0' in text
    assert 'gw_calls_total{result="later",tenant="main"} 1.0' in text
    assert float(re.findall(r"gw_reply_seconds_sum\S* (\S+)", text)[0]) >= 1


async def test_port_in_use(port: int, fake_telegram: FakeTelegram, live: LiveIndex, ada: User) -> None:
    """A polling bot whose port is in use logs that and works without monitoring."""
    with socket.create_server(("127.0.0.1", port)), logged() as log:
        async with running(Settings(), live):
            await log.until(f"cannot use 127.0.0.1, port {port}")
            ada.send_text("/hilfe")

            assert (await ada.wait_for_reply()).text


async def test_not_ready_without_telegram(port: int, fake_telegram: FakeTelegram, live: LiveIndex) -> None:
    """A bot that cannot reach Telegram is healthy, but not ready."""
    fake_telegram.fail_next("getMe", FaultKind.SERVER_ERROR, times=1_000)
    with logged() as log:
        async with running(Settings(), live):
            await log.until("Telegram cannot be reached")
            health, ready = await get(port, "/healthz"), await get(port, "/readyz")
            fake_telegram.clear_faults()

    assert health.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["telegram"].startswith("cannot be reached")


async def test_index_folder_disappears_and_returns(
    port: int, tmp_path: Path, encoder: OnnxEncoder, ada: User
) -> None:
    """If the index folder disappears, the loaded index still answers; /readyz reports the loss and the return."""
    root = tmp_path / "index"
    shutil.copytree(PREPARED / "index", root, symlinks=True)
    live = LiveIndex(root, encoder)
    async with running(Settings(), live):
        root.rename(tmp_path / "away")
        ada.send_text("Was ist Collective Impact?")
        answer = await ada.wait_for_reply()
        without = await get(port, "/readyz")
        (tmp_path / "away").rename(root)
        restored = await get(port, "/readyz")

    assert "Aus der Fachliteratur:" in answer.text
    assert (without.status_code, without.json()["index"]) == (200, "ok, but it is gone")
    assert restored.json()["index"] == "ok"
