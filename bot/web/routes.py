"""The web server's routes: Telegram's webhook, health checks and metrics."""

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

from bot.domain.event import MAX_ID
from bot.errors import StoreUnavailable

log = logging.getLogger(__name__)
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
MAX_BODY_SIZE = 1_000_000  # bytes; far more than an update with every field at its limit

T = TypeVar("T")
CheckReadiness = Callable[[], Coroutine[Any, Any, tuple[dict[str, str], bool]]]
ReceiveUpdates = Callable[[list[dict[str, Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Where Telegram posts updates, the secret they carry, and their receiver, which may raise StoreUnavailable."""

    path: str
    secret: str
    receive_updates: ReceiveUpdates


def make_web_app(render_metrics: Callable[[], bytes], check_readiness: CheckReadiness) -> Starlette:
    """Return the application without webhooks: add a `webhook_route` for each bot.

    GET /healthz responds as long as the process lives, GET /readyz returns the state of each part, with status 503
    if the check fails, and GET /metrics the metrics. Concurrent requests share one result, which limits the work
    that anybody can cause.
    """
    shared_readiness = _share_running(check_readiness)
    shared_metrics = _share_running(lambda: run_in_threadpool(render_metrics))

    async def get_health(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def get_readiness(request: Request) -> Response:
        details, is_ready = await shared_readiness()
        return JSONResponse(details, 200 if is_ready else 503)

    async def get_metrics(request: Request) -> Response:
        return Response(await shared_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    routes = [Route("/healthz", get_health), Route("/readyz", get_readiness), Route("/metrics", get_metrics)]
    return Starlette(routes=routes)


def _share_running(work: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], Awaitable[T]]:
    running_task: asyncio.Task[T] | None = None

    async def share_result() -> T:
        nonlocal running_task
        if running_task is None or running_task.done():
            running_task = asyncio.create_task(work())
        return await asyncio.shield(running_task)

    return share_result


def webhook_route(endpoint: WebhookEndpoint) -> Route:
    """Return the route that accepts POST requests with the endpoint's secret."""
    return Route(endpoint.path, _make_webhook_handler(endpoint), methods=["POST"])


def _make_webhook_handler(endpoint: WebhookEndpoint) -> Callable[[Request], Awaitable[Response]]:
    async def handle_webhook(request: Request) -> Response:
        given_secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given_secret.encode(), endpoint.secret.encode()):
            return PlainTextResponse("wrong or missing secret token", 401)
        request.state.connection.trusted = True  # see `create_limited_server`
        body = await _read_limited_body(request)
        if body is None:
            return PlainTextResponse(f"at most {MAX_BODY_SIZE} bytes", 413)
        update = _parse_body(body)
        if update is None:
            return PlainTextResponse("not an update", 400)
        try:
            await endpoint.receive_updates([update])  # store it before confirming its arrival
        except StoreUnavailable as error:
            log.error("an update is refused, Telegram will deliver it again: %s", error)
            return PlainTextResponse("not now", 503)
        return PlainTextResponse("ok")

    return handle_webhook


async def _read_limited_body(request: Request) -> bytes | None:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_SIZE:
                return None
    except ClientDisconnect:  # or it was too slow
        return None
    return bytes(body)


def _parse_body(body: bytes) -> dict[str, Any] | None:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    update_id = update.get("update_id") if isinstance(update, dict) else None
    return update if type(update_id) is int and abs(update_id) < MAX_ID else None
