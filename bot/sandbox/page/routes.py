"""The page's HTTP interface, described in README.md one folder up; for this machine only."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.page.broadcaster import Broadcaster
from bot.sandbox.page.origin_guard import OriginGuard
from bot.sandbox.page.state_view import build_state_view, detect_media_type
from bot.sandbox.simulation.action_models import Action, LabelAction
from bot.sandbox.simulation.actions import ACTIONS, ActionRefused
from bot.sandbox.simulation.answer_review import AnswerReview
from bot.sandbox.simulation.controller import Controller
from bot.sandbox.simulation.state import SimulationState
from bot.sandbox.simulation.stories import read_stories

A = TypeVar("A", bound=Action)

STATIC_FOLDER = Path(__file__).with_name("static")
FOREIGN_PAGE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
MAX_BODY_BYTES = 60_000_000  # a saved state with photos


class ClockAction(Action):
    """Advance the bot's clock."""

    hours: float


class StoryAction(Action):
    """Play a story, or control the one that is playing: halt it or go on, go to the next step, stop it."""

    id: str = ""
    pause: float | None = Field(None, ge=0, le=60)
    halt: bool | None = None
    next: bool = False
    stop: bool = False


def make_page_app(
    simulation: SimulationState, controller: Controller, broadcaster: Broadcaster, review: AnswerReview
) -> OriginGuard:
    """Return the application with all routes."""
    endpoints = _Endpoints(simulation, controller, broadcaster, review)
    action_routes = [Route(f"/api/{name}", partial(endpoints.run_action, name), methods=["POST"]) for name in ACTIONS]
    routes = [
        Route("/", endpoints.index_page),
        Mount("/static", StaticFiles(directory=STATIC_FOLDER, check_dir=False)),
        Route("/api/state", endpoints.get_state),
        Route("/api/events", endpoints.stream_events),
        *action_routes,
        Route("/api/clock", endpoints.advance_clock, methods=["POST"]),
        Route("/api/stories", endpoints.list_stories),
        Route("/api/story", endpoints.play_story, methods=["POST"]),
        Route("/api/save", endpoints.save_snapshot),
        Route("/api/load", endpoints.load_snapshot, methods=["POST"]),
        Route("/api/reset", endpoints.reset_simulation, methods=["POST"]),
        Route("/api/undo", endpoints.undo, methods=["POST"]),
        Route("/api/why/{chat:int}/{message:int}", endpoints.explain_message),
        Route("/api/entries/{lang}", endpoints.list_entries),
        Route("/api/entries/{lang}/{entry:path}", endpoints.show_entry),
        Route("/api/label", endpoints.keep_label, methods=["POST"]),
        Route("/api/test/{chat:int}", endpoints.export_chat),
        Route("/files/{file}", endpoints.get_file),
    ]
    return OriginGuard(Starlette(routes=routes, exception_handlers={ActionRefused: _refusal_response}))


class _Endpoints:
    def __init__(
        self, simulation: SimulationState, controller: Controller, broadcaster: Broadcaster, review: AnswerReview
    ) -> None:
        self.simulation, self.controller, self.broadcaster = simulation, controller, broadcaster
        self.review = review

    async def index_page(self, request: Request) -> Response:
        return FileResponse(STATIC_FOLDER / "index.html")

    async def get_state(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(build_state_view, self.simulation))

    async def stream_events(self, request: Request) -> Response:
        async def revision_events() -> AsyncIterator[str]:
            async for _ in self.broadcaster.watch_changes():
                yield f"data: {self.simulation.revision}\n\n"

        return StreamingResponse(revision_events(), media_type="text/event-stream")

    async def run_action(self, name: str, request: Request) -> Response:
        model, perform = ACTIONS[name]
        result = await run_in_threadpool(perform, self.simulation, await _read_action(request, model))
        return JSONResponse(result or {})

    async def advance_clock(self, request: Request) -> Response:
        self.controller.advance_clock((await _read_action(request, ClockAction)).hours)
        return JSONResponse({})

    async def list_stories(self, request: Request) -> Response:
        return JSONResponse(
            [
                {"id": story.id, "title": story.title, "about": story.about}
                for story in read_stories(_page_language(request))
            ]
        )

    async def play_story(self, request: Request) -> Response:
        action = await _read_action(request, StoryAction)
        player = self.controller.story_player
        if action.stop:
            await player.stop()
        elif action.next:
            player.go_to_next()
        elif action.halt is not None:
            player.halt(halted=action.halt)
        else:
            await self.controller.play_story(action.id, action.pause, _page_language(request))
        return JSONResponse({})

    async def save_snapshot(self, request: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="sandbox.json"'}
        return JSONResponse(await self.controller.save_snapshot(), headers=headers)

    async def load_snapshot(self, request: Request) -> Response:
        await self.controller.load_snapshot(await _read_json(request))
        return JSONResponse({})

    async def reset_simulation(self, request: Request) -> Response:
        await self.controller.reset_simulation(_page_language(request))
        return JSONResponse({})

    async def undo(self, request: Request) -> Response:
        await self.controller.undo()
        return JSONResponse({})

    async def explain_message(self, request: Request) -> Response:
        ids = request.path_params
        return JSONResponse(await run_in_threadpool(self.review.explain_message, ids["chat"], ids["message"]))

    async def list_entries(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self.review.list_entries, request.path_params["lang"]))

    async def show_entry(self, request: Request) -> Response:
        names = request.path_params
        return JSONResponse(await run_in_threadpool(self.review.describe_entry, names["entry"], names["lang"]))

    async def keep_label(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self.review.keep_label, await _read_action(request, LabelAction)))

    async def export_chat(self, request: Request) -> Response:
        chat = request.path_params["chat"]
        if chat not in self.simulation.roles:
            raise ActionRefused("Diesen Chat gibt es nicht.", "There is no such chat.")
        headers = {"Content-Disposition": f'attachment; filename="chat-{chat}.yaml"'}
        return Response(
            await run_in_threadpool(self.review.export_chat, chat), media_type="text/yaml", headers=headers
        )

    async def get_file(self, request: Request) -> Response:
        with self.simulation.world.condition:
            stored_file = self.simulation.world.files.by_id.get(request.path_params["file"])
        if stored_file is None:
            return Response(status_code=404)
        media_type = detect_media_type(stored_file.content)
        headers = {} if media_type else {"Content-Disposition": "attachment"}
        if media_type.startswith("text/html"):
            headers = {"Content-Security-Policy": FOREIGN_PAGE_POLICY}
        return Response(stored_file.content, media_type=media_type or "application/octet-stream", headers=headers)


async def _read_json(request: Request) -> object:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ActionRefused(
                f"Das ist zu groß, höchstens {MAX_BODY_BYTES // 1_000_000} MB gehen.",
                f"This is too large; at most {MAX_BODY_BYTES // 1_000_000} MB are possible.",
            )
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ActionRefused("Das ist kein JSON.", "This is not JSON.") from None


async def _read_action(request: Request, model: type[A]) -> A:
    try:
        return model.model_validate(await _read_json(request))
    except ValidationError as error:
        first_error = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first_error['loc'])) or 'JSON'}: {first_error['msg']}"
        raise ActionRefused(problem, problem) from None


async def _refusal_response(request: Request, error: Exception) -> Response:
    assert isinstance(error, ActionRefused)
    return JSONResponse({"error": error.english if _page_language(request) == "en" else str(error)}, 400)


def _page_language(request: Request) -> str:
    return "en" if request.headers.get("accept-language", "").startswith("en") else "de"
