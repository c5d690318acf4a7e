"""What a connection to the web server costs, how long it may last, and who has to go when all places are taken."""

import asyncio
import tracemalloc
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from bot.web.server import MAX_HEAD_SIZE
from tests.security.site import Connection, Site, answer, posted, rest

MOST = 50  # connections here
SHORT = 0.2  # seconds, where the end of that time is waited for
GET = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
HUNGRY = {
    "requests": b"GET / HTTP/1.1\r\n\r\n" * 14_000,
    "headers": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 64_000,
    "complete-headers": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 4_000 + b"\r\n",
    "one-header": b"GET / HTTP/1.1\r\na:" + b"b" * 250_000,
    "path": b"GET /" + b"b" * 250_000,
    "blank-lines": b"\r\n" * 125_000,
    "body": b"POST /hook HTTP/1.1\r\nContent-Length: 250000\r\n\r\n" + b"b" * 250_000,
    "chunks": b"POST /hook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nb\r\n" * 40_000,
}
ENDLESS = {
    "header": b"GET / HTTP/1.1\r\na: ",
    "name": b"GET / HTTP/1.1\r\n",
    "path": b"GET /",
}


@pytest.mark.parametrize("kind", HUNGRY)
async def test_without_the_secret_memory_is_bounded(kind: str) -> None:
    """Whatever many connections send at once takes no more memory than a few times its own bytes."""
    data, count = HUNGRY[kind], 20
    async with Site(most=MOST, request_timeout=SHORT, answer_timeout=SHORT) as site:
        tracemalloc.start()
        try:
            await asyncio.gather(*(site.sent(data) for _ in range(count)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 8 * count * len(data) + 2_000_000


async def test_one_request_at_a_time() -> None:
    """Of requests that are sent before the first is answered, no second one is begun."""
    async with Site(most=MOST) as site:
        await site.sent(GET * 1_000)

        assert site.requests == 1


@pytest.mark.parametrize("request_", [GET, METRICS], ids=["readyz", "metrics"])
async def test_many_who_look_cost_one_look(request_: bytes) -> None:
    """However many ask how the bot is, it is found out once for all who ask meanwhile."""
    async with Site(most=MOST) as site:
        site.known.clear()
        held = [await site.connect(request_) for _ in range(MOST)]
        await site.until(lambda: site.requests == MOST)

        site.known.set()

        assert all([b" 200 " in await answer(reader) for reader, _ in held])
        assert site.looks == 1


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_head_without_end(kind: str) -> None:
    """A head that is too long ends the connection, whatever time there is."""
    async with Site(most=MOST) as site:
        await site.sent(ENDLESS[kind] + b"a" * 3 * MAX_HEAD_SIZE)

        assert site.connections == 0


@pytest.mark.parametrize("request_", [GET, posted(b'{"update_id": 1}')], ids=["stranger", "telegram"])
async def test_a_blank_line_wins_no_time(request_: bytes) -> None:
    """An empty line after the answer begins no request, and keeps no connection."""
    async with Site(most=MOST, request_timeout=SHORT) as site:
        reader, writer = await site.connect(request_)
        assert b" 200 " in await answer(reader)

        writer.write(b"\r\n")

        assert await rest(reader) == b""


async def test_a_byte_now_and_then_wins_no_time() -> None:
    """A request that goes on coming, byte by byte, has to be there in the same time."""
    async with Site(most=MOST, request_timeout=SHORT) as site:
        reader, writer = await site.connect()

        async with asyncio.timeout(20):
            for byte in GET[:-1] + b"a: b\r\n" * 1_000_000:
                writer.write(bytes([byte]))
                if reader.at_eof() or reader.exception():
                    break
                await asyncio.sleep(SHORT / 10)

        assert site.looks == 0


@pytest.mark.parametrize("data", [METRICS, METRICS * 100, METRICS + b"\r\n"], ids=["one", "many", "blank-line"])
async def test_an_answer_that_nobody_takes(data: bytes) -> None:
    """Who does not read the answer is let go of."""
    async with Site(most=MOST, answer_timeout=SHORT) as site:
        site.metrics = b"x" * 20_000_000
        held = await asyncio.gather(*(site.connect(data) for _ in range(5)))
        for _, writer in held:
            cast(asyncio.Transport, writer.transport).pause_reading()
        await site.until(lambda: site.requests >= len(held))

        await site.until(lambda: not site.connections)


async def silent(site: Site) -> Connection:
    """Says nothing."""
    return await site.connect()


async def half(site: Site) -> Connection:
    """Begins a request and does not go on."""
    return await site.connect(GET[:-2])


async def answered(site: Site) -> Connection:
    """Has an answer, and begins no other request."""
    reader, writer = await site.connect(GET)
    await answer(reader)
    writer.write(b"\r\n")
    return reader, writer


@pytest.mark.parametrize("attack", [silent, half, answered])
async def test_who_waits_makes_room(attack: Callable[[Site], Coroutine[Any, Any, Connection]]) -> None:
    """However many hold a connection without the secret, an update is taken at once."""
    async with Site(most=MOST) as site:
        await asyncio.gather(*(attack(site) for _ in range(MOST)))

        assert b" 200 " in await site.post(b'{"update_id": 5}')


async def test_who_knows_the_secret_stays() -> None:
    """A connection that has brought an update is kept, however many others come and wait."""
    async with Site(most=MOST) as site:
        reader, writer = await site.connect(posted(b'{"update_id": 5}'))
        assert b" 200 " in await answer(reader)
        for _ in range(2 * MOST):
            await site.connect()

        writer.write(posted(b'{"update_id": 6}'))

        assert b" 200 " in await answer(reader)


async def test_an_update_is_written_down_in_peace() -> None:
    """While an update is being written down its connection is kept, however many others come and wait."""
    async with Site(most=MOST) as site:
        site.open.clear()
        reader, _ = await site.connect(posted(b'{"update_id": 5}'))
        await site.until(lambda: site.received)
        for _ in range(2 * MOST):
            await site.connect()

        site.open.set()

        assert b" 200 " in await answer(reader)


async def test_an_update_that_cannot_be_written_down() -> None:
    """Where writing an update down takes too long, Telegram is not kept waiting: it will bring it again."""
    async with Site(most=MOST, answer_timeout=SHORT) as site:
        site.open.clear()

        assert await site.sent(posted(b'{"update_id": 5}')) == b""


async def test_all_places_taken_by_updates() -> None:
    """Where all connections carry updates a newcomer has to wait; none of them is let go of for it."""
    async with Site(most=2) as site:
        telegram = [await site.connect(posted(b'{"update_id": 5}')) for _ in range(2)]
        for reader, _ in telegram:
            assert b" 200 " in await answer(reader)

        assert await site.sent(posted(b'{"update_id": 6}')) == b""

        for reader, writer in telegram:
            writer.write(posted(b'{"update_id": 7}'))
            assert b" 200 " in await answer(reader)
