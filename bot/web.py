"""The web server: Telegram's webhook and a health check."""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
MOST_ID = 2**63  # what the store can hold
MAX_BODY = 1_000_000  # bytes; an update with every field at its limit stays far below

Receive = Callable[[list[dict[str, Any]]], Awaitable[None]]


def web_app(path: str, secret: str, receive: Receive, metrics: Callable[[], bytes]) -> Starlette:
    """The application: POST ``path`` takes updates that carry the secret, GET /healthz says that we are alive.

    GET /metrics gives numbers for an operator's monitoring.
    """

    async def webhook(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return PlainTextResponse("wrong or missing secret token", 401)
        body = await _limited_body(request)
        if body is None:
            return PlainTextResponse(f"at most {MAX_BODY} bytes", 413)
        update = _parsed(body)
        if update is None:
            return PlainTextResponse("not an update", 400)
        await receive([update])  # written down before Telegram is told that it arrived
        return PlainTextResponse("ok")

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def measured(request: Request) -> Response:
        return Response(await run_in_threadpool(metrics), media_type="text/plain; version=0.0.4; charset=utf-8")

    routes = [Route("/healthz", health), Route("/metrics", measured), Route(path, webhook, methods=["POST"])]
    return Starlette(routes=routes)


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
