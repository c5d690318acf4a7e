"""The web server's limits: how many connections there may be, and how long one may take to say what it wants."""

import asyncio
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 512  # Telegram opens 40 at most (setWebhook, max_connections)
MOST_HEAD = 16_384  # bytes of address and headers
PATIENCE = 10.0  # seconds until a request must have arrived whole; Telegram sends one in milliseconds


def server(app: ASGIApp, port: int, *, most: int = MOST_CONNECTIONS, patience: float = PATIENCE) -> uvicorn.Server:
    """The server of an application on all addresses.

    A connection beyond ``most`` is closed at once, and so is one whose request is not there whole after ``patience``
    seconds, or has too long a head: neither an open connection nor a slow body holds anything that the bot needs.
    """

    class Bounded(HttpToolsProtocol):
        _deadline: asyncio.TimerHandle | None = None
        _head = 0

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast(asyncio.Transport, transport))
            if len(self.connections) > most:
                self.transport.abort()
            else:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._arrived()
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            self._wait()
            self._head = 0
            super().on_message_begin()

        def on_url(self, url: bytes) -> None:
            self._count(url)
            super().on_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            self._count(name + value)
            super().on_header(name, value)

        def _count(self, part: bytes) -> None:
            self._head += len(part)
            if self._head > MOST_HEAD:
                self.transport.abort()

        def on_message_complete(self) -> None:
            self._arrived()
            super().on_message_complete()

        def _wait(self) -> None:
            self._arrived()
            self._deadline = self.loop.call_later(patience, self._late)

        def _arrived(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _late(self) -> None:
            self._deadline = None
            self.transport.abort()

    settings: dict[str, Any] = {
        "host": "0.0.0.0",  # noqa: S104 - a web dyno is reached from outside
        "port": port,
        "http": Bounded,
        "ws": "none",
        "timeout_keep_alive": patience,
        "timeout_graceful_shutdown": 5,
        "server_header": False,
        "log_config": None,
        "access_log": False,
    }
    return uvicorn.Server(uvicorn.Config(app, **settings))
