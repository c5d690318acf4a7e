"""The bot by webhook: real HTTP in both directions."""

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from bot.sandbox.fake_telegram import FakeTelegram, User
from bot.settings import Settings
from bot.web.routes import MAX_BODY_SIZE, SECRET_HEADER
from bot.web.server import MAX_CONNECTIONS
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running

SECRET = "nur-fuer-Telegram_1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def address(
    bot_settings: Settings, fake_telegram: FakeTelegram, live: LiveIndex, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of a bot that runs by webhook."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("GW_WEBHOOK_URL", url)
    monkeypatch.setenv("GW_WEBHOOK_SECRET", SECRET)
    async with running(Settings(), live, webhook=True):
        await fake_telegram.wait_for(lambda: fake_telegram.calls_to("setWebhook"))
        yield url


async def test_question_by_webhook(address: str, ada: User) -> None:
    """An update that Telegram posts is answered."""
    assert address
    ada.send_text("Was ist Collective Impact?")

    assert "Aus der Fachliteratur:" in (await ada.wait_for_reply()).text


async def test_question_while_all_connections_are_taken(address: str, ada: User) -> None:
    """An update is answered even while others hold as many connections as the server allows."""
    target = urlsplit(address)
    connections = [await asyncio.open_connection(target.hostname, target.port) for _ in range(MAX_CONNECTIONS)]
    ada.send_text("Was ist Collective Impact?")

    assert "Aus der Fachliteratur:" in (await ada.wait_for_reply()).text

    assert sum(not reader.at_eof() and not reader.exception() for reader, _ in connections) > MAX_CONNECTIONS / 2
    for _, writer in connections:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b'{"update_id": 1}', 401),
        ({SECRET_HEADER: "falsch"}, b'{"update_id": 1}', 401),
        ({SECRET_HEADER: SECRET[:-1]}, b'{"update_id": 1}', 401),
        ({SECRET_HEADER: SECRET + "1"}, b'{"update_id": 1}', 401),
        ({SECRET_HEADER: SECRET}, b"kein JSON", 400),
        ({SECRET_HEADER: SECRET}, b"[]", 400),
        ({SECRET_HEADER: SECRET}, b'{"update_id": "1"}', 400),
        ({SECRET_HEADER: SECRET}, b"[" * 100_000, 400),
        ({SECRET_HEADER: SECRET}, b" " * (MAX_BODY_SIZE + 1), 413),
        ({SECRET_HEADER: SECRET}, b'{"update_id": 1}', 200),
        ({SECRET_HEADER: SECRET}, b'{"update_id": 2, "message": {"chat": 5}}', 200),
    ],
)
async def test_invalid_posts_are_rejected(address: str, headers: dict[str, str], body: bytes, status: int) -> None:
    """A post without the exact secret, one that is not an update, and one that is too large are rejected."""
    async with httpx.AsyncClient() as client:
        response = await client.post(address, headers=headers, content=body)

    assert response.status_code == status


async def test_health_and_nothing_else(address: str) -> None:
    """The health check answers; other paths and methods are rejected."""
    base = address.removesuffix("/hook")
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{base}/healthz")).text == "ok"
        assert (await client.get(address)).status_code == 405
        assert (await client.get(f"{base}/")).status_code == 404


async def test_metrics_are_not_personal(address: str, ada: User) -> None:
    """Metrics contain numbers, but no text or name."""
    ada.send_text("Mein Geheimnis?")
    await ada.wait_for_reply()
    async with httpx.AsyncClient() as client:
        response = await client.get(address.replace("/hook", "/metrics"))

    assert response.status_code == 200
    assert 'gw_requests_waiting{tenant="main"} 0.0' in response.text
    assert 'gw_desk_calls_waiting{tenant="main"} 0.0' in response.text
    assert "Ada" not in response.text
    assert "Geheimnis" not in response.text
