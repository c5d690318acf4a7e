"""What runs in the bot's own loop: the web server, which a webhook needs, and tasks that have to go on."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette

from bot.bounded import server as bounded
from bot.errors import ConnectionRefused, GwError
from bot.retry import STORE_TRIES, backoff
from bot.settings import Settings

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving(
    application: Starlette, settings: Settings, *, webhook: bool, wanted: bool = True
) -> "AsyncIterator[asyncio.Task[None] | None]":
    """Serve inside the block; the task that it gives ends where the server does, and is None where none runs.

    When polling it serves only where PORT is set. A port that is in use is then logged and the bot goes on without;
    with a webhook it raises ConnectionRefused.
    """
    wanted = webhook or (wanted and "port" in settings.model_fields_set)
    listening = _listening(settings, webhook) if wanted else None
    if listening is None:
        yield None
        return
    server = bounded(application, settings.port)
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield running
    finally:
        server.should_exit = True
        await running
        listening.close()


def _listening(settings: Settings, webhook: bool) -> socket.socket | None:
    host = settings.web_host or ("0.0.0.0" if webhook else "127.0.0.1")  # noqa: S104 - Telegram comes from outside
    try:
        return socket.create_server((host, settings.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        told = f"The web server cannot use {host}, port {settings.port}: {error}. Set PORT to a free one."
    if webhook:
        raise ConnectionRefused(told)
    log.error("%s The bot goes on without /healthz, /readyz and /metrics.", told)
    return None


async def first_of(stop: asyncio.Event, *parts: "asyncio.Task[None] | None") -> None:
    """Wait until stopped or until a part ends; its error ends the bot, rather than leaving it deaf or mute."""
    works = [part for part in parts if part is not None]
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({*works, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    for task in works:
        if task in done:
            task.result()


async def restart_on_error(
    work: Callable[[], Awaitable[None]], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Do something that runs beside the rest of the bot. An error is logged, and after half a minute at most the work
    begins again: nobody else waits for it, so it must not end unnoticed."""
    for attempt in itertools.count():
        try:
            return await work()
        except Exception as error:
            wait = backoff(min(attempt, STORE_TRIES))
            known = isinstance(error, GwError)
            said = str(error) if known else type(error).__name__
            log.error("a task of the bot failed, and begins again in %.0f s: %s", wait, said, exc_info=not known)
        await sleep(wait)
