"""Connections to the web server: their memory and duration, and which is closed when there are too many."""

import asyncio
import tracemalloc
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from bot.web.server import MAX_HEAD_SIZE
from tests.security.site import Connection, WebServer, read_response, read_to_end, webhook_request

MAX_CONNECTIONS = 50  # of the server here
SHORT_TIMEOUT = 0.2  # seconds, for tests that wait until it is over
GET = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
MEMORY_ATTACKS = {
    "requests": b"GET / HTTP/1.1\r\n\r\n" * 14_000,
    "headers": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 64_000,
    "complete-headers": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 4_000 + b"\r\n",
    "one-header": b"GET / HTTP/1.1\r\na:" + b"b" * 250_000,
    "path": b"GET /" + b"b" * 250_000,
    "blank-lines": b"\r\n" * 125_000,
    "body": b"POST /hook HTTP/1.1\r\nContent-Length: 250000\r\n\r\n" + b"b" * 250_000,
    "chunks": b"POST /hook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nb\r\n" * 40_000,
}
ENDLESS_HEADS = {
    "header": b"GET / HTTP/1.1\r\na: ",
    "name": b"GET / HTTP/1.1\r\n",
    "path": b"GET /",
}


@pytest.mark.parametrize("kind", MEMORY_ATTACKS)
async def test_memory_is_bounded_without_the_secret(kind: str) -> None:
    """Whatever many connections send at once, it takes no more memory than a few times its size."""
    data, count = MEMORY_ATTACKS[kind], 20
    async with WebServer(
        max_connections=MAX_CONNECTIONS, request_timeout=SHORT_TIMEOUT, response_timeout=SHORT_TIMEOUT
    ) as server:
        tracemalloc.start()
        try:
            await asyncio.gather(*(server.exchange(data) for _ in range(count)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 8 * count * len(data) + 2_000_000


async def test_pipelined_requests() -> None:
    """Only the first of many pipelined requests is processed."""
    async with WebServer(max_connections=MAX_CONNECTIONS) as server:
        await server.exchange(GET * 1_000)

        assert server.requests == 1


@pytest.mark.parametrize("request_", [GET, METRICS], ids=["readyz", "metrics"])
async def test_concurrent_status_requests_share_one_check(request_: bytes) -> None:
    """However many clients ask for the status at the same time, it is determined once for all of them."""
    async with WebServer(max_connections=MAX_CONNECTIONS) as server:
        server.can_check_status.clear()
        connections = [await server.connect(request_) for _ in range(MAX_CONNECTIONS)]
        await server.until(lambda: server.requests == MAX_CONNECTIONS)

        server.can_check_status.set()

        assert all([b" 200 " in await read_response(reader) for reader, _ in connections])
        assert server.status_checks == 1


@pytest.mark.parametrize("kind", ENDLESS_HEADS)
async def test_endless_head(kind: str) -> None:
    """A request head that is too long closes the connection, however much time is left."""
    async with WebServer(max_connections=MAX_CONNECTIONS) as server:
        await server.exchange(ENDLESS_HEADS[kind] + b"a" * 3 * MAX_HEAD_SIZE)

        assert server.connections == 0


@pytest.mark.parametrize("request_", [GET, webhook_request(b'{"update_id": 1}')], ids=["stranger", "telegram"])
async def test_blank_line_does_not_extend_the_timeout(request_: bytes) -> None:
    """A blank line after the response starts no request and does not keep the connection open."""
    async with WebServer(max_connections=MAX_CONNECTIONS, request_timeout=SHORT_TIMEOUT) as server:
        reader, writer = await server.connect(request_)
        assert b" 200 " in await read_response(reader)

        writer.write(b"\r\n")

        assert await read_to_end(reader) == b""


async def test_slow_bytes_do_not_extend_the_timeout() -> None:
    """A request that arrives byte by byte has no more time than any other."""
    async with WebServer(max_connections=MAX_CONNECTIONS, request_timeout=SHORT_TIMEOUT) as server:
        reader, writer = await server.connect()

        async with asyncio.timeout(20):
            for byte in GET[:-1] + b"a: b\r\n" * 1_000_000:
                writer.write(bytes([byte]))
                if reader.at_eof() or reader.exception():
                    break
                await asyncio.sleep(SHORT_TIMEOUT / 10)

        assert server.status_checks == 0


@pytest.mark.parametrize("data", [METRICS, METRICS * 100, METRICS + b"\r\n"], ids=["one", "many", "blank-line"])
async def test_unread_response(data: bytes) -> None:
    """A connection whose client does not read the response is closed."""
    async with WebServer(max_connections=MAX_CONNECTIONS, response_timeout=SHORT_TIMEOUT) as server:
        server.metrics = b"x" * 20_000_000
        connections = await asyncio.gather(*(server.connect(data) for _ in range(5)))
        for _, writer in connections:
            cast(asyncio.Transport, writer.transport).pause_reading()
        await server.until(lambda: server.requests >= len(connections))

        await server.until(lambda: not server.connections)


async def send_nothing(server: WebServer) -> Connection:
    """Connect and send nothing."""
    return await server.connect()


async def send_half_a_request(server: WebServer) -> Connection:
    """Start a request and do not complete it."""
    return await server.connect(GET[:-2])


async def stay_after_a_response(server: WebServer) -> Connection:
    """Get a response and do not start another request."""
    reader, writer = await server.connect(GET)
    await read_response(reader)
    writer.write(b"\r\n")
    return reader, writer


@pytest.mark.parametrize("attack", [send_nothing, send_half_a_request, stay_after_a_response])
async def test_idle_connections_make_room(attack: Callable[[WebServer], Coroutine[Any, Any, Connection]]) -> None:
    """However many connections without the secret are open, an update is accepted at once."""
    async with WebServer(max_connections=MAX_CONNECTIONS) as server:
        await asyncio.gather(*(attack(server) for _ in range(MAX_CONNECTIONS)))

        assert b" 200 " in await server.post(b'{"update_id": 5}')


async def test_connection_with_the_secret_stays_open() -> None:
    """A connection that has delivered an update stays open, however many others are opened."""
    async with WebServer(max_connections=MAX_CONNECTIONS) as server:
        reader, writer = await server.connect(webhook_request(b'{"update_id": 5}'))
        assert b" 200 " in await read_response(reader)
        for _ in range(2 * MAX_CONNECTIONS):
            await server.connect()

        writer.write(webhook_request(b'{"update_id": 6}'))

        assert b" 200 " in await read_response(reader)


async def test_connection_stays_open_while_its_update_is_stored() -> None:
    """While an update is being stored its connection stays open, however many others are opened."""
    async with WebServer(max_connections=MAX_CONNECTIONS) as server:
        server.can_store.clear()
        reader, _ = await server.connect(webhook_request(b'{"update_id": 5}'))
        await server.until(lambda: server.received)
        for _ in range(2 * MAX_CONNECTIONS):
            await server.connect()

        server.can_store.set()

        assert b" 200 " in await read_response(reader)


async def test_update_that_takes_too_long_to_store() -> None:
    """If storing an update takes too long, the connection is closed, so that Telegram delivers it again."""
    async with WebServer(max_connections=MAX_CONNECTIONS, response_timeout=SHORT_TIMEOUT) as server:
        server.can_store.clear()

        assert await server.exchange(webhook_request(b'{"update_id": 5}')) == b""


async def test_all_connections_carry_updates() -> None:
    """If all connections carry updates a new one is closed, and none of the others is."""
    async with WebServer(max_connections=2) as server:
        connections = [await server.connect(webhook_request(b'{"update_id": 5}')) for _ in range(2)]
        for reader, _ in connections:
            assert b" 200 " in await read_response(reader)

        assert await server.exchange(webhook_request(b'{"update_id": 6}')) == b""

        for reader, writer in connections:
            writer.write(webhook_request(b'{"update_id": 7}'))
            assert b" 200 " in await read_response(reader)
