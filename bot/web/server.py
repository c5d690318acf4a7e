"""The web server, with limits on the number, duration and cost of connections."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.errors import WebServerFailed
from bot.settings import Settings

log = logging.getLogger(__name__)
MAX_CONNECTIONS = 512  # Telegram opens 40 at most (setWebhook, max_connections)
ACCEPT_BACKLOG = 128  # connections accepted at once; small, so that each is read before newer ones evict it
MAX_HEAD_SIZE = 16_384  # bytes of request line and headers together, and bytes read at a time
MAX_HEADERS = 100
REQUEST_TIMEOUT = 10.0  # seconds to receive a request completely; Telegram needs milliseconds
RESPONSE_TIMEOUT = 30.0  # seconds from then to respond and, before closing, to have the response read


@contextlib.asynccontextmanager
async def run_http_server(
    application: ASGIApp, settings: Settings, *, webhook: bool, enabled: bool = True
) -> "AsyncIterator[asyncio.Task[None] | None]":
    """Serve an application inside the block; yield the server's task, or None if no server runs.

    Without a webhook it serves only if it is ``enabled`` and PORT is set, and a port in use is merely logged. With a
    webhook that raises WebServerFailed.
    """
    enabled = webhook or (enabled and "port" in settings.model_fields_set)
    listener = _open_configured_listener(settings, webhook) if enabled else None
    if listener is None:
        yield None
        return
    server = create_limited_server(application, settings.port)
    server_task = asyncio.create_task(server.serve([listener]))
    try:
        yield server_task
    finally:
        server.should_exit = True
        await server_task
        listener.close()


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an IPv4 or IPv6 address, and whose connections send without delay.

    Raises OSError or OverflowError.
    """
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # accepted connections inherit it; asyncio sets it only if the socket names its protocol, which this one does not
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _open_configured_listener(settings: Settings, webhook: bool) -> socket.socket | None:
    host = settings.web_host or ("0.0.0.0" if webhook else "127.0.0.1")  # noqa: S104 - Telegram connects from outside
    try:
        return open_listener(host, settings.port)
    except (OSError, OverflowError) as error:
        message = f"The web server cannot use {host}, port {settings.port}: {error}. Set PORT to a free one."
    if webhook:
        raise WebServerFailed(message)
    log.error("%s The bot runs without /healthz, /readyz and /metrics.", message)
    return None


def create_limited_server(
    app: ASGIApp,
    port: int,
    *,
    max_connections: int = MAX_CONNECTIONS,
    request_timeout: float = REQUEST_TIMEOUT,
    response_timeout: float = RESPONSE_TIMEOUT,
) -> uvicorn.Server:
    """Return a server of an application on all addresses, with timeouts in seconds.

    A connection is closed after one response, unless the application has set
    ``request.state.connection.trusted = True``. Each step, request and response, has a fixed deadline, however much
    data arrives meanwhile. Above ``max_connections`` the oldest untrusted connection is closed.
    """
    connections_by_age: dict[LimitedProtocol, None] = {}  # noqa: F821 - the class below

    class LimitedProtocol(HttpToolsProtocol, asyncio.BufferedProtocol):
        trusted = False
        _deadline: asyncio.TimerHandle | None = None
        _idle_bytes = 0  # received since the last request

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast(asyncio.Transport, transport))
            self.app_state = {**self.app_state, "connection": self}
            self._set_deadline(request_timeout)
            connections_by_age[self] = None
            if len(connections_by_age) > max_connections:
                untrusted = (other for other in connections_by_age if other is self or not other.trusted)
                next(untrusted).close_connection()

        def connection_lost(self, exc: Exception | None) -> None:
            self.close_connection()
            super().connection_lost(exc)

        def get_buffer(self, sizehint: int) -> bytearray:
            self._read_buffer = bytearray(MAX_HEAD_SIZE)
            return self._read_buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.data_received(bytes(self._read_buffer[:nbytes]))
            self._idle_bytes = 0 if self._is_processing() else self._idle_bytes + nbytes
            if self._idle_bytes > MAX_HEAD_SIZE:
                self.close_connection()

        def on_message_begin(self) -> None:
            if self._is_processing():  # on an error uvicorn responds with 400 and closes the connection
                raise ValueError("a request before the response to the previous one")
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            if len(self.headers) == MAX_HEADERS:
                raise ValueError("too many headers")
            super().on_header(name, value)

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self._set_deadline(response_timeout)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if not self.transport.is_closing():  # else the response's deadline holds until it is read
                self._set_deadline(2 * request_timeout)  # uvicorn closes an idle connection after the first half

        def close_connection(self) -> None:
            connections_by_age.pop(self, None)
            if self._deadline is not None:
                self._deadline.cancel()
            self.transport.abort()

        def _is_processing(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _set_deadline(self, seconds: float) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = self.loop.call_later(seconds, self.close_connection)

    config: dict[str, Any] = {
        "host": "0.0.0.0",  # noqa: S104 - a web dyno is reached from outside
        "port": port,
        "http": LimitedProtocol,
        "ws": "none",
        "backlog": ACCEPT_BACKLOG,
        "timeout_keep_alive": request_timeout,
        "timeout_graceful_shutdown": 5,
        "server_header": False,
        "log_config": None,
        "access_log": False,
    }
    return uvicorn.Server(uvicorn.Config(_close_untrusted(app), **config))


def _close_untrusted(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that its responses close the connections it does not trust."""

    async def handle_request(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_response(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope["state"]["connection"].trusted:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await app(scope, receive, send_response)

    return handle_request
