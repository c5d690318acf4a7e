"""The HTTP side: reads a call, checks it, has it played, and lets it go wrong where a fault is set."""

import asyncio
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.fake_telegram import request_params
from bot.sandbox.fake_telegram.faults import Fault, FaultKind, Faults
from bot.sandbox.fake_telegram.flood_control import Flood
from bot.sandbox.fake_telegram.methods import bot, chats, inline, media, messages, topics
from bot.sandbox.fake_telegram.methods.registry import PLAYED
from bot.sandbox.fake_telegram.rules import limits, schema
from bot.sandbox.fake_telegram.uvicorn_server import TRANSPORT
from bot.sandbox.fake_telegram.world.objects import Call, Violation
from bot.sandbox.fake_telegram.world.world import World

# imported, the methods enter themselves in PLAYED
METHODS = (bot, chats, inline, media, messages, topics)

Json = dict[str, Any]

TOKEN_FORM = re.compile(r"\d+:[\w-]+")
METHOD_NAMES = {name.lower(): name for name in schema.api()["methods"]}
BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    """A call under way."""

    request: Request
    method: str
    params: Json
    began: float


class Endpoint:
    """Answers /bot<token>/<method>."""

    def __init__(self, world: World, faults: Faults, flood: Flood, token: str, poll_cap: float) -> None:
        self.world = world
        self.flood = flood
        self.faults = faults
        self.token = token
        self.poll_cap = poll_cap
        self.closing = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    def app(self, started: Callable[[], None]) -> Starlette:
        """The application; it reports once it runs."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self.loop = asyncio.get_running_loop()
            started()
            yield

        routes = [
            Route("/bot{token}/{method}", self.handle, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self.download),
        ]
        return Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: _not_found, 405: _not_found})

    async def download(self, request: Request) -> Response:
        """The bytes of a file, at the path that getFile gave."""
        if refusal := self._wrong_token(request.path_params["token"]):
            return JSONResponse(refusal.to_json(), refusal.code)
        with self.world.condition:
            file = self.world.files.by_path(request.path_params["path"])
        if file is None:
            return JSONResponse(limits.not_found().to_json(), 404)
        return Response(file.content, media_type="application/octet-stream")

    def close(self) -> None:
        """Let go of the calls that hang, and end."""
        if self.loop:
            self.loop.call_soon_threadsafe(self.closing.set)

    async def handle(self, request: Request) -> Response:
        """One call."""
        began = time.perf_counter()
        try:
            body = await request.body()
        except ClientDisconnect:  # the bot was stopped in the middle of its call
            return Response()
        raw = request_params.parameters(request.url.query, request.headers.get("content-type", ""), body)
        name = request.path_params["method"]
        method = METHOD_NAMES.get(name.lower(), name)
        if refusal := self._wrong_token(request.path_params["token"]):
            return self._finish(Asked(request, method, raw, began), refusal.code, refusal.to_json())
        params, problems = schema.check_call(method, raw)
        asked = Asked(request, method, params, began)
        if problem := self.flood.problem(method, params.get("chat_id")):
            self._violated("flood", method, problem)
        fault = self._fault(method, params)
        if fault and fault.kind is not FaultKind.LOST:
            return await self._strike(fault, asked)
        if method == "getUpdates" and not problems:
            status, answer = await run_in_threadpool(self._poll, params)
            if await request.is_disconnected():  # nobody is there to read it; the next poll gets the same
                return Response()
            return self._cut(asked) if fault else self._finish(asked, status, answer)
        with self.world.change():
            status, answer = self._play(method, params, problems)
            if fault:
                return self._cut(asked)
            return self._finish(asked, status, answer)

    def _wrong_token(self, token: str) -> limits.ApiError | None:
        if token == self.token:
            return None
        return limits.unauthorized() if TOKEN_FORM.fullmatch(token) else limits.not_found()

    def _fault(self, method: str, params: Json) -> Fault | None:
        with self.world.change():
            return self.faults.take(method, params.get("chat_id"))

    def _poll(self, params: Json) -> tuple[int, Json]:
        if "allowed_updates" in params:
            self.world.updates.allowed = params["allowed_updates"]
        limit = min(max(params.get("limit", 100), 1), 100)
        timeout = min(params.get("timeout", 0), self.poll_cap)
        return self._guarded("getUpdates", lambda: self.world.updates.poll(params.get("offset", 0), limit, timeout))

    def _play(self, method: str, params: Json, problems: list[str]) -> tuple[int, Json]:
        for problem in problems:
            self._violated("schema", method, problem)
        if not schema.known(method):
            return 404, limits.not_found().to_json()
        if problems:
            return 400, limits.bad_request(f"stand-in: {'; '.join(problems)}").to_json()
        if method not in PLAYED:
            self._violated("stand-in", method, "is not played by the stand-in")
            return 400, limits.bad_request(f"stand-in: {method} is not played").to_json()
        return self._guarded(method, lambda: PLAYED[method](self.world, params))

    def _guarded(self, method: str, play: Callable[[], Any]) -> tuple[int, Json]:
        """Play a method; whatever it raises becomes an answer."""
        try:
            result = play()
        except limits.ApiError as error:
            if isinstance(error, limits.LimitError):
                self._violated("limit", method, error.description)
            return error.code, error.to_json()
        except Exception as error:  # a mistake of the stand-in must not look like one of Telegram
            self._violated("stand-in", method, repr(error))
            return 500, limits.ApiError(500, f"stand-in: {error!r}").to_json()
        for problem in schema.check_result(method, result):
            self._violated("stand-in", method, problem)
        return 200, {"ok": True, "result": result}

    def _violated(self, kind: str, method: str, problem: str) -> None:
        with self.world.change():
            self.world.violations.append(Violation(kind, method, problem))

    def _finish(self, asked: Asked, status: int, answer: Json) -> Response:
        self._log(asked, status, answer)
        return JSONResponse(answer, status)

    def _log(self, asked: Asked, status: int, answer: Json | None) -> None:
        took = (time.perf_counter() - asked.began) * 1000
        with self.world.change():
            self.world.calls.append(Call(asked.method, asked.params, time.time(), status, answer, took))

    async def _strike(self, fault: Fault, asked: Asked) -> Response:
        match fault.kind:
            case FaultKind.RESET:
                return self._cut(asked)
            case FaultKind.HANG:
                self._log(asked, 0, None)
                await self._until_gone(asked.request)
                return _reset(asked.request)
            case FaultKind.BAD_GATEWAY:
                self._log(asked, 502, None)
                return HTMLResponse(BAD_GATEWAY_PAGE, 502)
            case FaultKind.RATE_LIMIT:
                self.flood.refused(asked.params.get("chat_id"), fault.retry_after)
                refusal = limits.too_many_requests(fault.retry_after)
            case _:
                refusal = limits.ApiError(500, "Internal Server Error")
        return self._finish(asked, refusal.code, refusal.to_json())

    def _cut(self, asked: Asked) -> Response:
        """Reset the connection instead of answering."""
        self._log(asked, 0, None)
        return _reset(asked.request)

    async def _until_gone(self, request: Request) -> None:
        """Wait until the caller hangs up, or the stand-in stops."""
        ends = [asyncio.ensure_future(request.receive()), asyncio.ensure_future(self.closing.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()


def _reset(request: Request) -> Response:
    """Reset the connection; the response given back never leaves."""
    transport = request.scope[TRANSPORT]
    if not transport.is_closing():
        no_lingering = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
        transport.abort()
    return Response()


async def _not_found(request: Request, error: Exception) -> Response:
    return JSONResponse(limits.not_found().to_json(), 404)
