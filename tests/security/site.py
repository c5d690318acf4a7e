"""The web server over an inbox that only notes what it is given, and those who connect to it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.routes import SECRET_HEADER, WebhookEndpoint, make_web_app, webhook_route
from bot.web.server import create_limited_server
from tests.security.conftest import free_port

SECRET = "nur-fuer-Telegram_1"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Site:
    """Serves inside the block; at the end it must still take an update.

    ``requests`` counts those that were begun. While ``open`` is not set an update is being written down, and while ``known`` is not set /metrics and /readyz are
    being found out, of which ``looks`` counts how often. ``metrics`` is what the former answers.
    """

    def __init__(self, *, most: int, request_timeout: float = 60, answer_timeout: float = 60) -> None:
        self.port = free_port()
        self.received: list[dict[str, Any]] = []
        self.metrics, self.looks, self.requests = b"", 0, 0
        self._writers: list[asyncio.StreamWriter] = []
        self.open, self.known = asyncio.Event(), threading.Event()
        self.open.set()
        self.known.set()
        app = make_web_app(self._metrics, self._ready)
        app.router.routes.append(webhook_route(WebhookEndpoint("/hook", SECRET, self._receive)))
        self._server = create_limited_server(
            self._counted(app),
            self.port,
            max_connections=most,
            request_timeout=request_timeout,
            response_timeout=answer_timeout,
        )

    async def __aenter__(self) -> "Site":
        self._task = asyncio.create_task(self._server.serve())
        await self.until(lambda: self._server.started)
        return self

    async def __aexit__(self, *failed: object) -> None:
        self.open.set()
        self.known.set()
        for writer in self._writers:
            writer.transport.abort()
        await self.until(lambda: not self.connections)
        last = b"" if any(failed) else await self.post(b'{"update_id": 77}')
        self._server.should_exit = True
        await self._task
        if not any(failed):
            assert b" 200 " in last
            assert self.received[-1] == {"update_id": 77}

    def _counted(self, app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            self.requests += scope["type"] == "http"
            await app(scope, receive, send)

        return counted

    async def _receive(self, updates: list[dict[str, Any]]) -> None:
        self.received += updates
        await self.open.wait()

    def _metrics(self) -> bytes:
        self.looks += 1
        self.known.wait()
        return self.metrics

    async def _ready(self) -> tuple[dict[str, str], bool]:
        self.looks += 1
        await asyncio.to_thread(self.known.wait)
        return {}, True

    @property
    def connections(self) -> int:
        """How many connections the server holds."""
        return len(self._server.server_state.connections)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0)

    async def connect(self, data: bytes = b"") -> Connection:
        """A connection that says this, and nothing more yet; it is closed at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        writer.write(data)
        return reader, writer

    async def sent(self, data: bytes) -> bytes:
        """What is answered to these bytes, until the server ends the connection."""
        reader, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
        answer = await rest(reader)
        writer.close()
        return answer

    async def post(self, body: bytes, secret: str | None = SECRET, more: str = "") -> bytes:
        """Post a body; the answer."""
        return await self.sent(posted(body, secret, f"Connection: close\r\n{more}"))


def posted(body: bytes, secret: str | None = SECRET, more: str = "") -> bytes:
    """The bytes of a request that posts this body to the webhook."""
    header = "" if secret is None else f"{SECRET_HEADER}: {secret}\r\n"
    head = f"POST /hook HTTP/1.1\r\nHost: x\r\n{header}{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The next answer of a connection, whose text is in it."""
    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split()[0]
        return head + await reader.readexactly(int(length))


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server ends the connection."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 30)
    return b""
