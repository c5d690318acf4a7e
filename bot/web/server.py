"""What runs in the bot's own loop: the web server, which a webhook needs, and tasks that have to go on."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

from starlette.applications import Starlette

from bot.errors import ConnectionFailed
from bot.settings import Settings
from bot.web.bounded import create_limited_server as bounded

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def run_http_server(
    application: Starlette, settings: Settings, *, webhook: bool, enabled: bool = True
) -> "AsyncIterator[asyncio.Task[None] | None]":
    """Serve inside the block; the task that it gives ends where the server does, and is None where none runs.

    When polling it serves only where PORT is set. A port that is in use is then logged and the bot goes on without;
    with a webhook it raises ConnectionRefused.
    """
    enabled = webhook or (enabled and "port" in settings.model_fields_set)
    listening_socket = _open_listening_socket(settings, webhook) if enabled else None
    if listening_socket is None:
        yield None
        return
    server = bounded(application, settings.port)
    server_task = asyncio.create_task(server.serve([listening_socket]))
    try:
        yield server_task
    finally:
        server.should_exit = True
        await server_task
        listening_socket.close()


def _open_listening_socket(settings: Settings, webhook: bool) -> socket.socket | None:
    host = settings.web_host or ("0.0.0.0" if webhook else "127.0.0.1")  # noqa: S104 - Telegram comes from outside
    try:
        return socket.create_server((host, settings.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        message = f"The web server cannot use {host}, port {settings.port}: {error}. Set PORT to a free one."
    if webhook:
        raise ConnectionFailed(message)
    log.error("%s The bot goes on without /healthz, /readyz and /metrics.", message)
    return None
