"""The webhook and its server: secrets that are nearly right, bodies that are no updates, and connections that wait."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from bot.web.routes import MAX_BODY_SIZE, SECRET_HEADER
from tests.security.site import SECRET, Site

MOST = 200  # connections here; see `test_many_connections`
WRONG = {
    "none": None, "empty": "", "blank": " ", "shorter": SECRET[:-1], "longer": SECRET + "1", "first": SECRET[1:],
    "case": SECRET.swapcase(), "reversed": SECRET[::-1], "twice": SECRET * 2, "nul": SECRET + "%00",
    "wildcard": "*", "latin": SECRET + "\xff", "quoted": f'"{SECRET}"', "list": f"x, {SECRET}", "bearer": f"Bearer {SECRET}",
    "look-alike": SECRET.replace("-", "\xad"), "long": "a" * 4_000, "true": "true", "null": "null",
}  # fmt: skip
NO_UPDATE = {
    "empty": b"", "no-json": b"evil", "list": b"[]", "text": b'"evil"', "number": b"1", "null": b"null", "true": b"true",
    "no-id": b"{}", "text-id": b'{"update_id": "1"}', "float-id": b'{"update_id": 1.5}', "null-id": b'{"update_id": null}',
    "bool-id": b'{"update_id": true}', "huge-id": b'{"update_id": %d}' % 10**30, "digits": b'{"update_id": ' + b"9" * 5_000 + b"}",
    "nan": b'{"update_id": NaN}', "deep-list": b"[" * 500_000, "deep-map": b'{"a":' * 100_000,
    "utf-7": b"+AHs-", "nul": b'{"update_id": 1}\0', "two": b'{"update_id": 1}{"update_id": 2}', "xml": b"<?xml version='1.0'?>",
    "form": b"update_id=1", "gzip": b"\x1f\x8b\x08\0\0\0\0\0", "invalid-utf-8": b'{"update_id": 1, "a": "\xff"}',
}  # fmt: skip


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The server with little time for a request."""
    async with Site(most=MOST, request_timeout=0.3) as served:
        yield served


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_secret(site: Site, kind: str) -> None:
    """Without the exact secret nothing is taken, and the answer does not say what was wrong with it."""
    answer = await site.post(b'{"update_id": 1}', WRONG[kind])

    assert answer.split()[1] in (b"401", b"400")
    assert SECRET.encode() not in answer
    assert site.received == []


@pytest.mark.parametrize("kind", NO_UPDATE)
async def test_a_body_that_is_no_update(site: Site, kind: str) -> None:
    """What is no update is refused with 400, and nothing is taken."""
    answer = await site.post(NO_UPDATE[kind])

    assert answer.split()[1] == b"400"
    assert site.received == []


@pytest.mark.parametrize("size", [MAX_BODY_SIZE + 1, 5_000_000, 50_000_000])
@pytest.mark.parametrize("secret", [SECRET, "falsch"])
async def test_a_large_body(site: Site, size: int, secret: str) -> None:
    """A body beyond the limit is not kept, not even by who knows the secret."""
    await site.post(b" " * size, secret)

    assert site.received == []


@pytest.mark.parametrize("claimed", ["99999999999999999999", "-1", "0x10", "1, 2", "", "1e3"])
async def test_a_false_length(site: Site, claimed: str) -> None:
    """A length that is none, or never comes, brings no update."""
    head = f"POST /hook HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: {claimed}\r\n\r\n"

    await site.sent(head.encode() + b'{"update_id": 1}')

    assert site.received == []


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
async def test_a_slow_request(site: Site, data: bytes) -> None:
    """A request that does not arrive whole in time ends with its connection, and is no update."""
    reader, writer = await site.connect()
    writer.write(data)

    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), 30)

    assert site.received == []
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
async def test_what_is_hardly_http(site: Site, data: bytes) -> None:
    """Bytes that are no request, or one made to be read in two ways, bring no update."""
    await site.sent(data)

    assert site.received == []


@pytest.mark.parametrize("path", ["/", "//hook", "/hook/", "/hook/..", "/%2e%2e/etc/passwd", "/HOOK", "/hook%00", "/hook;x",
                                  "/static/../hook", "/.env", "/.git/config", "/docs", "/openapi.json", "/debug"])  # fmt: skip
async def test_other_paths(site: Site, path: str) -> None:
    """Only the webhook's own path takes updates, and no other path gives anything away."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: 16\r\n\r\n"

    answer = await site.sent(head.encode() + b'{"update_id": 1}')

    assert answer.split()[1] in (b"404", b"307", b"400")
    assert b"Traceback" not in answer
    assert b"server:" not in answer.lower()
    assert site.received == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
async def test_other_methods(site: Site, method: str) -> None:
    """Only POST brings an update."""
    head = f"{method} /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: 16\r\n\r\n"

    answer = await site.sent(head.encode() + b'{"update_id": 1}')

    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert site.received == []


async def test_many_connections(site: Site) -> None:
    """Of 10,000 connections only so many are held, and an update is taken while they are."""
    for _ in range(100):
        await asyncio.gather(*(site.connect() for _ in range(100)))
        assert site.connections <= MOST + 100  # those that are let go of for the last hundred may still be there

    assert b" 200 " in await site.post(json.dumps({"update_id": 5}).encode())


async def test_an_update_with_the_secret_is_taken(site: Site) -> None:
    """What all these attacks are compared with."""
    answer = await site.post(json.dumps({"update_id": 5}).encode())

    assert b" 200 " in answer
    assert site.received == [{"update_id": 5}]
