"""The web server's pages: Telegram's webhook, health checks and numbers for monitoring."""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import StoreUnavailable

log = logging.getLogger(__name__)
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
MOST_ID = 2**63  # what the store can hold
MAX_BODY = 1_000_000  # bytes; an update with every field at its limit stays far below

T = TypeVar("T")
Ready = Callable[[], Coroutine[Any, Any, tuple[dict[str, str], bool]]]
Receive = Callable[[list[dict[str, Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Hook:
    """Where Telegram posts updates, the secret that they carry, and what takes them."""

    path: str
    secret: str
    receive: Receive


def web_app(metrics: Callable[[], bytes], ready: Ready) -> Starlette:
    """The application, to which `hook_route` adds what takes updates.

    GET /healthz says that the process lives, GET /readyz what ``ready`` finds of each part, with 503 where it says
    that all in all it is not well, GET /metrics gives numbers. Whoever asks while an answer is being found out gets
    the same one: nobody can have the bot do more than that.
    """
    look, measure = _shared(ready), _shared(lambda: run_in_threadpool(metrics))

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readiness(request: Request) -> Response:
        found, well = await look()
        return JSONResponse(found, 200 if well else 503)

    async def measured(request: Request) -> Response:
        return Response(await measure(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(routes=[Route("/healthz", health), Route("/readyz", readiness), Route("/metrics", measured)])


def _shared(work: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], Awaitable[T]]:
    running: asyncio.Task[T] | None = None

    async def shared() -> T:
        nonlocal running
        if running is None or running.done():
            running = asyncio.create_task(work())
        return await asyncio.shield(running)

    return shared


def hook_route(hook: Hook) -> Route:
    """POST to the hook's path takes updates that carry its secret."""
    return Route(hook.path, _webhook(hook), methods=["POST"])


def _webhook(hook: Hook) -> Callable[[Request], Awaitable[Response]]:
    async def webhook(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), hook.secret.encode()):
            return PlainTextResponse("wrong or missing secret token", 401)
        request.state.connection.trusted = True  # see `bot.bounded.server`
        body = await _limited_body(request)
        if body is None:
            return PlainTextResponse(f"at most {MAX_BODY} bytes", 413)
        update = _parsed(body)
        if update is None:
            return PlainTextResponse("not an update", 400)
        try:
            await hook.receive([update])  # written down before Telegram is told that it arrived
        except StoreUnavailable as error:
            log.error("an update is not taken, Telegram will bring it again: %s", error)
            return PlainTextResponse("not now", 503)
        return PlainTextResponse("ok")

    return webhook


async def _limited_body(request: Request) -> bytes | None:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return None
    except ClientDisconnect:  # gave up, or was too slow
        return None
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    number = update.get("update_id") if isinstance(update, dict) else None
    return update if type(number) is int and abs(number) < MOST_ID else None
