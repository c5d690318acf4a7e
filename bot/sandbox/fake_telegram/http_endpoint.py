"""The HTTP interface: read and validate a call, run its method, apply faults, record it."""

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.sandbox.fake_telegram.faults import Fault, FaultKind, FaultQueue
from bot.sandbox.fake_telegram.flood_control import FloodControl
from bot.sandbox.fake_telegram.methods import bot, chats, media, messages
from bot.sandbox.fake_telegram.methods.registry import IMPLEMENTED_METHODS
from bot.sandbox.fake_telegram.rules import limits, schema
from bot.sandbox.fake_telegram.rules.schema import Json, Upload
from bot.sandbox.fake_telegram.world.objects import RecordedCall, Violation
from bot.sandbox.fake_telegram.world.world import World

METHOD_MODULES = (bot, chats, media, messages)  # importing them registers their methods

TOKEN_PATTERN = re.compile(r"\d+:[\w-]+")
METHOD_NAMES = {name.lower(): name for name in schema.load_bot_api()["methods"]}
TRANSPORT_KEY = "fake_telegram.transport"
BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class TransportProtocol(HttpToolsProtocol):
    """HTTP protocol that passes its transport to the application, so that the connection can be reset."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[TRANSPORT_KEY] = self.transport  # type: ignore[literal-required]  # a key of our own


@dataclass(frozen=True)
class PendingCall:
    """A call in progress; ``started_at`` is a `time.perf_counter` value."""

    request: Request
    method: str
    params: Json
    started_at: float


class BotApiEndpoint:
    """Answers /bot<token>/<method> and /file/bot<token>/<path>."""

    def __init__(
        self, world: World, faults: FaultQueue, flood: FloodControl, token: str, max_poll_seconds: float
    ) -> None:
        self.world = world
        self.flood = flood
        self.faults = faults
        self.token = token
        self.max_poll_seconds = max_poll_seconds
        self.stop_event = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    def build_app(self, on_started: Callable[[], None]) -> Starlette:
        """Return the application; ``on_started`` is called once it runs."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self.loop = asyncio.get_running_loop()
            on_started()
            yield

        routes = [
            Route("/bot{token}/{method}", self.handle_call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self.serve_file),
        ]
        return Starlette(
            routes=routes, lifespan=lifespan, exception_handlers={404: _answer_not_found, 405: _answer_not_found}
        )

    async def serve_file(self, request: Request) -> Response:
        """Answer with the bytes of the file whose path getFile gave."""
        if refusal := self._check_token(request.path_params["token"]):
            return JSONResponse(refusal.to_json(), refusal.code)
        with self.world.condition:
            file = self.world.files.find_by_path(request.path_params["path"])
        if file is None:
            return JSONResponse(limits.not_found().to_json(), 404)
        return Response(file.content, media_type="application/octet-stream")

    def close(self) -> None:
        """Release hanging calls and stop the server."""
        if self.loop:
            self.loop.call_soon_threadsafe(self.stop_event.set)

    async def handle_call(self, request: Request) -> Response:
        """Answer a call."""
        started_at = time.perf_counter()
        try:
            body = await request.body()
        except ClientDisconnect:  # the bot was stopped during its call
            return Response()
        raw_params = _parse_params(request.url.query, request.headers.get("content-type", ""), body)
        requested_name = request.path_params["method"]
        method = METHOD_NAMES.get(requested_name.lower(), requested_name)
        if refusal := self._check_token(request.path_params["token"]):
            return self._finish_call(
                PendingCall(request, method, raw_params, started_at), refusal.code, refusal.to_json()
            )
        params, problems = schema.check_call(method, raw_params)
        call = PendingCall(request, method, params, started_at)
        if problem := self.flood.find_problem(method, params.get("chat_id")):
            self._record_violation("flood", method, problem)
        fault = self._take_fault(method, params)
        if fault and fault.kind is not FaultKind.LOST:
            return await self._apply_fault(fault, call)
        if method == "getUpdates" and not problems:
            status, answer = await run_in_threadpool(self._poll_updates, params)
            if await request.is_disconnected():  # nobody reads it; the next poll returns the same
                return Response()
            return self._drop_answer(call) if fault else self._finish_call(call, status, answer)
        with self.world.state_change():
            status, answer = self._run_method(method, params, problems)
            if fault:
                return self._drop_answer(call)
            return self._finish_call(call, status, answer)

    def _check_token(self, token: str) -> limits.ApiError | None:
        if token == self.token:
            return None
        return limits.unauthorized() if TOKEN_PATTERN.fullmatch(token) else limits.not_found()

    def _take_fault(self, method: str, params: Json) -> Fault | None:
        with self.world.state_change():
            return self.faults.take_fault(method, params.get("chat_id"))

    def _poll_updates(self, params: Json) -> tuple[int, Json]:
        if "allowed_updates" in params:
            self.world.updates.allowed_kinds = params["allowed_updates"]
        limit = min(max(params.get("limit", 100), 1), 100)
        timeout = min(params.get("timeout", 0), self.max_poll_seconds)
        return self._run_guarded(
            "getUpdates", lambda: self.world.updates.poll(params.get("offset", 0), limit, timeout)
        )

    def _run_method(self, method: str, params: Json, problems: list[str]) -> tuple[int, Json]:
        for problem in problems:
            self._record_violation("schema", method, problem)
        if not schema.is_known_method(method):
            return 404, limits.not_found().to_json()
        if problems:
            return 400, limits.bad_request(f"fake Telegram: {'; '.join(problems)}").to_json()
        if method not in IMPLEMENTED_METHODS:
            self._record_violation("fake Telegram", method, "is not implemented")
            return 400, limits.bad_request(f"fake Telegram: {method} is not implemented").to_json()
        return self._run_guarded(method, lambda: IMPLEMENTED_METHODS[method](self.world, params))

    def _run_guarded(self, method: str, run: Callable[[], Any]) -> tuple[int, Json]:
        """Run a method and turn whatever it raises into an answer."""
        try:
            result = run()
        except limits.ApiError as error:
            if isinstance(error, limits.LimitError):
                self._record_violation("limit", method, error.description)
            return error.code, error.to_json()
        except Exception as error:  # a bug in here must not look like an answer of Telegram
            self._record_violation("fake Telegram", method, repr(error))
            return 500, limits.ApiError(500, f"fake Telegram: {error!r}").to_json()
        for problem in schema.check_result(method, result):
            self._record_violation("fake Telegram", method, problem)
        return 200, {"ok": True, "result": result}

    def _record_violation(self, kind: str, method: str, problem: str) -> None:
        with self.world.state_change():
            self.world.violations.append(Violation(kind, method, problem))

    def _finish_call(self, call: PendingCall, status: int, answer: Json) -> Response:
        self._record_call(call, status, answer)
        return JSONResponse(answer, status)

    def _record_call(self, call: PendingCall, status: int, answer: Json | None) -> None:
        duration_ms = (time.perf_counter() - call.started_at) * 1000
        with self.world.state_change():
            self.world.calls.append(
                RecordedCall(call.method, call.params, self.world.clock(), status, answer, duration_ms)
            )

    async def _apply_fault(self, fault: Fault, call: PendingCall) -> Response:
        match fault.kind:
            case FaultKind.RESET:
                return self._drop_answer(call)
            case FaultKind.HANG:
                self._record_call(call, 0, None)
                await self._wait_for_disconnect(call.request)
                return _reset_connection(call.request)
            case FaultKind.BAD_GATEWAY:
                self._record_call(call, 502, None)
                return HTMLResponse(BAD_GATEWAY_PAGE, 502)
            case FaultKind.RATE_LIMIT:
                self.flood.record_refusal(call.params.get("chat_id"), fault.retry_after)
                refusal = limits.too_many_requests(fault.retry_after)
            case _:
                refusal = limits.ApiError(500, "Internal Server Error")
        return self._finish_call(call, refusal.code, refusal.to_json())

    def _drop_answer(self, call: PendingCall) -> Response:
        """Reset the connection instead of answering."""
        self._record_call(call, 0, None)
        return _reset_connection(call.request)

    async def _wait_for_disconnect(self, request: Request) -> None:
        """Wait until the caller disconnects or the server stops."""
        waiters = [asyncio.ensure_future(request.receive()), asyncio.ensure_future(self.stop_event.wait())]
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()


def _reset_connection(request: Request) -> Response:
    """Reset the connection; the returned response is never sent."""
    transport = request.scope[TRANSPORT_KEY]
    if not transport.is_closing():
        no_lingering = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
        transport.abort()
    return Response()


async def _answer_not_found(request: Request, error: Exception) -> Response:
    return JSONResponse(limits.not_found().to_json(), 404)


def _parse_params(query: str, content_type: str, body: bytes) -> Json:
    """Return all parameters of a call, not yet decoded: text, JSON values or `Upload`."""
    params: Json = dict(parse_qsl(query, keep_blank_values=True))
    header = _parse_header(content_type)
    match header.get_content_type():
        case "application/json":
            params |= json.loads(body or b"{}")
        case "multipart/form-data":
            params |= _parse_multipart(body, str(header.get_param("boundary")).encode())
        case "application/x-www-form-urlencoded":
            params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return params


def _parse_header(value: str, name: str = "Content-Type") -> Message:
    message = Message()
    message[name] = value or "text/plain"
    return message


def _parse_multipart(body: bytes, boundary: bytes) -> Json:
    params: Json = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        header_block, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        header_lines = (line.partition(":") for line in header_block.decode().split("\r\n"))
        headers = {name.lower(): value.strip() for name, _, value in header_lines}
        disposition = _parse_header(headers["content-disposition"], "Content-Disposition")
        name, filename = (disposition.get_param(key, header="Content-Disposition") for key in ("name", "filename"))
        params[str(name)] = Upload(str(filename), content) if filename else content.decode()
    return params
