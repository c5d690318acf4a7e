"""The web server's limits: how many connections there may be, how long each may last, and what it may cost."""

import asyncio
from typing import Any, cast

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_CONNECTIONS = 512  # Telegram opens 40 at most (setWebhook, max_connections)
ACCEPT_BACKLOG = 128  # connections accepted in one go: each is then heard before as many come as would push it out
MAX_HEAD_SIZE = 16_384  # bytes within which address and headers must end, and which are read at a time
MAX_HEADERS = 100
REQUEST_TIMEOUT = 10.0  # seconds until a request must have arrived whole; Telegram sends one in milliseconds
RESPONSE_TIMEOUT = 30.0  # seconds from then until the answer must be made, and taken if it is the last


def create_limited_server(
    app: ASGIApp,
    port: int,
    *,
    max_connections: int = MAX_CONNECTIONS,
    request_timeout: float = REQUEST_TIMEOUT,
    response_timeout: float = RESPONSE_TIMEOUT,
) -> uvicorn.Server:
    """The server of an application on all addresses.

    A connection brings one request, has it answered, and is closed; only one that the application trusts, by
    ``request.state.connection.trusted = True``, stays open for the next. From each of these steps on it has a fixed
    time for the next one, whatever it sends meanwhile. When there are more than ``most``, the oldest that is not
    trusted makes room.
    """
    connections_by_age: dict[LimitedProtocol, None] = {}  # noqa: F821 - the class below

    class LimitedProtocol(HttpToolsProtocol, asyncio.BufferedProtocol):
        trusted = False
        _deadline: asyncio.TimerHandle | None = None
        _idle_bytes = 0  # bytes since the last request

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast(asyncio.Transport, transport))
            self.app_state = {**self.app_state, "connection": self}
            self._set_deadline(request_timeout)
            connections_by_age[self] = None
            if len(connections_by_age) > max_connections:
                next(
                    connection for connection in connections_by_age if connection is self or not connection.trusted
                ).close_connection()

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
            if self._is_processing():  # an error here has uvicorn answer 400 and close the connection
                raise ValueError("a request before the last one is answered")
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
            if not self.transport.is_closing():  # else the time for the answer goes on until it is taken
                self._set_deadline(
                    2 * request_timeout
                )  # uvicorn closes it after the first half if nothing comes at all

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
    """The application, whose answers end connections that it does not trust."""

    async def handle_request(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_response(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope["state"]["connection"].trusted:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await app(scope, receive, send_response)

    return handle_request
