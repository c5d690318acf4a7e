"""A web server over an inbox that only records what it receives, and the connections to it."""

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


class WebServer:
    """Serves inside the block; before it stops it must still accept an update.

    ``requests`` counts the requests that were started. Storing an update blocks while ``can_store`` is not set, and
    determining /metrics and /readyz while ``can_check_status`` is not set. ``status_checks`` counts how often these
    were determined, and ``metrics`` is what /metrics returns.
    """

    def __init__(self, *, max_connections: int, request_timeout: float = 60, response_timeout: float = 60) -> None:
        self.port = free_port()
        self.received: list[dict[str, Any]] = []
        self.metrics, self.status_checks, self.requests = b"", 0, 0
        self._writers: list[asyncio.StreamWriter] = []
        self.can_store, self.can_check_status = asyncio.Event(), threading.Event()
        self.can_store.set()
        self.can_check_status.set()
        app = make_web_app(self._metrics, self._ready)
        app.router.routes.append(webhook_route(WebhookEndpoint("/hook", SECRET, self._receive)))
        self._server = create_limited_server(
            self._count_requests(app),
            self.port,
            max_connections=max_connections,
            request_timeout=request_timeout,
            response_timeout=response_timeout,
        )

    async def __aenter__(self) -> "WebServer":
        self._task = asyncio.create_task(self._server.serve())
        await self.until(lambda: self._server.started)
        return self

    async def __aexit__(self, *errors: object) -> None:
        self.can_store.set()
        self.can_check_status.set()
        for writer in self._writers:
            writer.transport.abort()
        await self.until(lambda: not self.connections)
        response = b"" if any(errors) else await self.post(b'{"update_id": 77}')
        self._server.should_exit = True
        await self._task
        if not any(errors):
            assert b" 200 " in response
            assert self.received[-1] == {"update_id": 77}

    def _count_requests(self, app: ASGIApp) -> ASGIApp:
        async def count_and_forward(scope: Scope, receive: Receive, send: Send) -> None:
            self.requests += scope["type"] == "http"
            await app(scope, receive, send)

        return count_and_forward

    async def _receive(self, updates: list[dict[str, Any]]) -> None:
        self.received += updates
        await self.can_store.wait()

    def _metrics(self) -> bytes:
        self.status_checks += 1
        self.can_check_status.wait()
        return self.metrics

    async def _ready(self) -> tuple[dict[str, str], bool]:
        self.status_checks += 1
        await asyncio.to_thread(self.can_check_status.wait)
        return {}, True

    @property
    def connections(self) -> int:
        """How many connections the server has open."""
        return len(self._server.server_state.connections)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - uvicorn sends no notifications
                await asyncio.sleep(0)

    async def connect(self, data: bytes = b"") -> Connection:
        """Open a connection and send this, and nothing more yet; it is closed with the server."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        writer.write(data)
        return reader, writer

    async def exchange(self, data: bytes) -> bytes:
        """Send these bytes; return everything received until the server closes the connection."""
        reader, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
        response = await read_to_end(reader)
        writer.close()
        return response

    async def post(self, body: bytes, secret: str | None = SECRET, more: str = "") -> bytes:
        """Post a body to the webhook; return the response."""
        return await self.exchange(webhook_request(body, secret, f"Connection: close\r\n{more}"))


def webhook_request(body: bytes, secret: str | None = SECRET, more: str = "") -> bytes:
    """Return the bytes of a request that posts this body to the webhook."""
    header = "" if secret is None else f"{SECRET_HEADER}: {secret}\r\n"
    head = f"POST /hook HTTP/1.1\r\nHost: x\r\n{header}{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


async def read_response(reader: asyncio.StreamReader) -> bytes:
    """Return the next response on a connection, which must have a Content-Length."""
    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split()[0]
        return head + await reader.readexactly(int(length))


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Return everything received until the server closes the connection."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 30)
    return b""
