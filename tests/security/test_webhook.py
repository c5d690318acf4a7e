"""The webhook and its server: wrong secrets, invalid bodies, malformed requests and slow connections."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from bot.web.routes import MAX_BODY_SIZE, SECRET_HEADER
from tests.security.site import SECRET, WebServer

MAX_CONNECTIONS = 200  # of the server here; see `test_many_connections`
WRONG_SECRETS = {
    "none": None, "empty": "", "blank": " ", "shorter": SECRET[:-1], "longer": SECRET + "1", "first": SECRET[1:],
    "case": SECRET.swapcase(), "reversed": SECRET[::-1], "twice": SECRET * 2, "nul": SECRET + "%00",
    "wildcard": "*", "latin": SECRET + "\xff", "quoted": f'"{SECRET}"', "list": f"x, {SECRET}", "bearer": f"Bearer {SECRET}",
    "look-alike": SECRET.replace("-", "\xad"), "long": "a" * 4_000, "true": "true", "null": "null",
}  # fmt: skip
INVALID_BODIES = {
    "empty": b"", "no-json": b"evil", "list": b"[]", "text": b'"evil"', "number": b"1", "null": b"null", "true": b"true",
    "no-id": b"{}", "text-id": b'{"update_id": "1"}', "float-id": b'{"update_id": 1.5}', "null-id": b'{"update_id": null}',
    "bool-id": b'{"update_id": true}', "huge-id": b'{"update_id": %d}' % 10**30, "digits": b'{"update_id": ' + b"9" * 5_000 + b"}",
    "nan": b'{"update_id": NaN}', "deep-list": b"[" * 500_000, "deep-map": b'{"a":' * 100_000,
    "utf-7": b"+AHs-", "nul": b'{"update_id": 1}\0', "two": b'{"update_id": 1}{"update_id": 2}', "xml": b"<?xml version='1.0'?>",
    "form": b"update_id=1", "gzip": b"\x1f\x8b\x08\0\0\0\0\0", "invalid-utf-8": b'{"update_id": 1, "a": "\xff"}',
}  # fmt: skip


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    """A server with a short timeout for requests."""
    async with WebServer(max_connections=MAX_CONNECTIONS, request_timeout=0.3) as server:
        yield server


@pytest.mark.parametrize("kind", WRONG_SECRETS)
async def test_a_wrong_secret(server: WebServer, kind: str) -> None:
    """Without the exact secret nothing is accepted, and the response does not say what was wrong with it."""
    response = await server.post(b'{"update_id": 1}', WRONG_SECRETS[kind])

    assert response.split()[1] in (b"401", b"400")
    assert SECRET.encode() not in response
    assert server.received == []


@pytest.mark.parametrize("kind", INVALID_BODIES)
async def test_invalid_body(server: WebServer, kind: str) -> None:
    """A body that is not an update is rejected with 400."""
    response = await server.post(INVALID_BODIES[kind])

    assert response.split()[1] == b"400"
    assert server.received == []


@pytest.mark.parametrize("size", [MAX_BODY_SIZE + 1, 5_000_000, 50_000_000])
@pytest.mark.parametrize("secret", [SECRET, "falsch"])
async def test_a_large_body(server: WebServer, size: int, secret: str) -> None:
    """A body over the limit is discarded, even with the right secret."""
    await server.post(b" " * size, secret)

    assert server.received == []


@pytest.mark.parametrize("claimed", ["99999999999999999999", "-1", "0x10", "1, 2", "", "1e3"])
async def test_false_content_length(server: WebServer, claimed: str) -> None:
    """An invalid or false Content-Length delivers no update."""
    head = f"POST /hook HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: {claimed}\r\n\r\n"

    await server.exchange(head.encode() + b'{"update_id": 1}')

    assert server.received == []


@pytest.mark.parametrize(
    "data",
    [
        b"", b"G", b"POST /hook HTTP/1.1\r\n", b"POST /hook HTTP/1.1\r\nHost: x\r\nX-A: ",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nx-telegram-bot-api-secret-token: nur-fuer-Telegram_1\r\nContent-Length: 100\r\n\r\n{",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nx-telegram-bot-api-secret-token: nur-fuer-Telegram_1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nConnection: keep-alive\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["silent", "one-byte", "half-headers", "half-header", "half-body", "half-chunks", "no-secret", "get-with-body"],
)  # fmt: skip
async def test_a_slow_request(server: WebServer, data: bytes) -> None:
    """A request that is incomplete when its time is over is discarded, and its connection closed."""
    reader, writer = await server.connect()
    writer.write(data)

    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), 30)

    assert server.received == []
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /hook HTTP/9.9\r\n\r\n",
        b"EVIL /hook HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /hook HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
        b"POST /hook HTTP/1.1\r\nX-A: " + b"a" * 500_000 + b"\r\n\r\n", b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", b"POST /hook HTTP/1.1\r\nHost: x\r\n X-Folded: b\r\n\r\n",
        b"GET /hook HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
    ],
    ids=["nul", "tls", "http2", "version", "method", "many-headers", "long-header", "long-path", "smuggling", "blank-in-name",
         "folded", "websocket"],
)  # fmt: skip
async def test_malformed_http(server: WebServer, data: bytes) -> None:
    """Bytes that are not a request, or an ambiguous one, deliver no update."""
    await server.exchange(data)

    assert server.received == []


@pytest.mark.parametrize("path", ["/", "//hook", "/hook/", "/hook/..", "/%2e%2e/etc/passwd", "/HOOK", "/hook%00", "/hook;x",
                                  "/static/../hook", "/.env", "/.git/config", "/docs", "/openapi.json", "/debug"])  # fmt: skip
async def test_other_paths(server: WebServer, path: str) -> None:
    """Only the path of the webhook accepts updates, and no other path reveals anything."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: 16\r\n\r\n"

    response = await server.exchange(head.encode() + b'{"update_id": 1}')

    assert response.split()[1] in (b"404", b"307", b"400")
    assert b"Traceback" not in response
    assert b"server:" not in response.lower()
    assert server.received == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
async def test_other_methods(server: WebServer, method: str) -> None:
    """Only POST delivers an update."""
    head = f"{method} /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: 16\r\n\r\n"

    response = await server.exchange(head.encode() + b'{"update_id": 1}')

    assert b" 200 " not in response.partition(b"\r\n")[0]
    assert server.received == []


async def test_many_connections(server: WebServer) -> None:
    """Of 10,000 connections only a limited number stays open, and an update is still accepted."""
    for _ in range(100):
        await asyncio.gather(*(server.connect() for _ in range(100)))
        assert server.connections <= MAX_CONNECTIONS + 100  # those closed for the last hundred may still be counted

    assert b" 200 " in await server.post(json.dumps({"update_id": 5}).encode())


async def test_update_with_the_secret_is_accepted(server: WebServer) -> None:
    """An update with the right secret is accepted, unlike all the attacks here."""
    response = await server.post(json.dumps({"update_id": 5}).encode())

    assert b" 200 " in response
    assert server.received == [{"update_id": 5}]
