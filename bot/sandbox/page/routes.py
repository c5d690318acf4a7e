"""The page's server: the addresses that README.md in this folder lists, for this machine only."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.page import media_types
from bot.sandbox.page.broadcaster import Bell
from bot.sandbox.page.origin_guard import Guard
from bot.sandbox.page.state_view import draw
from bot.sandbox.simulation.action_models import Act
from bot.sandbox.simulation.actions import ACTS, Refused
from bot.sandbox.simulation.controller import Director
from bot.sandbox.simulation.stage import Stage

Json = dict[str, Any]
A = TypeVar("A", bound=Act)

STATIC = Path(__file__).with_name("static")
MAX_BODY = 60_000_000  # bytes; a saved state with pictures


class Clock(Act):
    """Time passes for the bot."""

    hours: float


class Play(Act):
    """A story to be played, or the end of the one that runs."""

    id: str = ""
    pause: float | None = Field(None, ge=0, le=60)
    stop: bool = False


def page(stage: Stage, director: Director, bell: Bell) -> Guard:
    """The application."""
    pages = _Pages(stage, director, bell)
    acts = [Route(f"/api/{name}", partial(pages.act, name), methods=["POST"]) for name in ACTS]
    routes = [
        Route("/", pages.index),
        Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
        Route("/api/state", pages.state),
        Route("/api/events", pages.events),
        *acts,
        Route("/api/clock", pages.clock, methods=["POST"]),
        Route("/api/stories", pages.stories),
        Route("/api/story", pages.story, methods=["POST"]),
        Route("/api/save", pages.save),
        Route("/api/load", pages.load, methods=["POST"]),
        Route("/api/reset", pages.reset, methods=["POST"]),
        Route("/files/{file}", pages.file),
    ]
    return Guard(Starlette(routes=routes, exception_handlers={Refused: _refused}))


class _Pages:
    def __init__(self, stage: Stage, director: Director, bell: Bell) -> None:
        self.stage, self.director, self.bell = stage, director, bell

    async def index(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def state(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(draw, self.stage))

    async def events(self, request: Request) -> Response:
        async def revisions() -> AsyncIterator[str]:
            async for _ in self.bell.rings():
                yield f"data: {self.stage.revision}\n\n"

        return StreamingResponse(revisions(), media_type="text/event-stream")

    async def act(self, name: str, request: Request) -> Response:
        kind, do = ACTS[name]
        answer = await run_in_threadpool(do, self.stage, await _read(request, kind))
        return JSONResponse(answer or {})

    async def clock(self, request: Request) -> Response:
        self.director.ahead((await _read(request, Clock)).hours)
        return JSONResponse({})

    async def stories(self, request: Request) -> Response:
        return JSONResponse([{"id": one.id, "title": one.title, "about": one.about} for one in self.director.stories])

    async def story(self, request: Request) -> Response:
        wanted = await _read(request, Play)
        if wanted.stop:
            await self.director.player.stop()
        else:
            await self.director.play(wanted.id, wanted.pause)
        return JSONResponse({})

    async def save(self, request: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="sandbox.json"'}
        return JSONResponse(await self.director.save(), headers=headers)

    async def load(self, request: Request) -> Response:
        await self.director.load(await _body(request))
        return JSONResponse({})

    async def reset(self, request: Request) -> Response:
        await self.director.begin_anew()
        return JSONResponse({})

    async def file(self, request: Request) -> Response:
        with self.stage.world.condition:
            found = self.stage.world.files.by_id.get(request.path_params["file"])
        if found is None:
            return JSONResponse({"error": "Diese Datei gibt es nicht."}, 404)
        kind = media_types.mime(found.content)
        headers = {} if kind else {"Content-Disposition": "attachment"}
        return Response(found.content, media_type=kind or "application/octet-stream", headers=headers)


async def _body(request: Request) -> object:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused(f"Das ist zu groß, höchstens {MAX_BODY // 1_000_000} MB gehen.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("Das ist kein JSON.") from None


async def _read(request: Request, kind: type[A]) -> A:
    try:
        return kind.model_validate(await _body(request))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Refused(f"{'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from None


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)
