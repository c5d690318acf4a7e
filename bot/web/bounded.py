"""The web server's limits: how many connections there may be, how long each may last, and what it may cost."""

import asyncio
from typing import Any, cast

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 512  # Telegram opens 40 at most (setWebhook, max_connections)
MOST_ACCEPTED = 128  # connections accepted in one go: each is then heard before as many come as would push it out
MOST_HEAD = 16_384  # bytes within which address and headers must end, and which are read at a time
MOST_HEADERS = 100
REQUEST_TIMEOUT = 10.0  # seconds until a request must have arrived whole; Telegram sends one in milliseconds
ANSWER_TIMEOUT = 30.0  # seconds from then until the answer must be made, and taken if it is the last


def server(
    app: ASGIApp,
    port: int,
    *,
    most: int = MOST_CONNECTIONS,
    request_timeout: float = REQUEST_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
) -> uvicorn.Server:
    """The server of an application on all addresses.

    A connection brings one request, has it answered, and is closed; only one that the application trusts, by
    ``request.state.connection.trusted = True``, stays open for the next. From each of these steps on it has a fixed
    time for the next one, whatever it sends meanwhile. When there are more than ``most``, the oldest that is not
    trusted makes room.
    """
    by_age: dict[Bounded, None] = {}  # noqa: F821 - the class below

    class Bounded(HttpToolsProtocol, asyncio.BufferedProtocol):
        trusted = False
        _deadline: asyncio.TimerHandle | None = None
        _unasked = 0  # bytes since the last request

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast(asyncio.Transport, transport))
            self.app_state = {**self.app_state, "connection": self}
            self._within(request_timeout)
            by_age[self] = None
            if len(by_age) > most:
                next(one for one in by_age if one is self or not one.trusted).end()

        def connection_lost(self, exc: Exception | None) -> None:
            self.end()
            super().connection_lost(exc)

        def get_buffer(self, sizehint: int) -> bytearray:
            self._read = bytearray(MOST_HEAD)
            return self._read

        def buffer_updated(self, nbytes: int) -> None:
            self.data_received(bytes(self._read[:nbytes]))
            self._unasked = 0 if self._is_asked() else self._unasked + nbytes
            if self._unasked > MOST_HEAD:
                self.end()

        def on_message_begin(self) -> None:
            if self._is_asked():  # an error here has uvicorn answer 400 and close the connection
                raise ValueError("a request before the last one is answered")
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            if len(self.headers) == MOST_HEADERS:
                raise ValueError("too many headers")
            super().on_header(name, value)

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self._within(answer_timeout)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if not self.transport.is_closing():  # else the time for the answer goes on until it is taken
                self._within(2 * request_timeout)  # uvicorn closes it after the first half if nothing comes at all

        def end(self) -> None:
            by_age.pop(self, None)
            if self._deadline is not None:
                self._deadline.cancel()
            self.transport.abort()

        def _is_asked(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _within(self, seconds: float) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = self.loop.call_later(seconds, self.end)

    settings: dict[str, Any] = {
        "host": "0.0.0.0",  # noqa: S104 - a web dyno is reached from outside
        "port": port,
        "http": Bounded,
        "ws": "none",
        "backlog": MOST_ACCEPTED,
        "timeout_keep_alive": request_timeout,
        "timeout_graceful_shutdown": 5,
        "server_header": False,
        "log_config": None,
        "access_log": False,
    }
    return uvicorn.Server(uvicorn.Config(_closing(app), **settings))


def _closing(app: ASGIApp) -> ASGIApp:
    """The application, whose answers end connections that it does not trust."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope["state"]["connection"].trusted:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await app(scope, receive, sending)

    return answer
