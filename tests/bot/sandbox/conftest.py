"""A running sandbox in a folder of its own, and a client that sees it as the page does."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox.launcher import Sandbox
from bot.settings import Settings
from knowledge.loader import BUILT_IN

Json = dict[str, Any]

PATIENCE = 20.0  # seconds until a condition is given up


class Page:
    """What the page does and sees."""

    def __init__(self, show: Sandbox) -> None:
        self.show = show
        self.http = httpx.Client(base_url=show.url, timeout=30)

    def post(self, action: str, **body: Any) -> Json:
        """Do something that is taken."""
        answer = self.http.post(f"/api/{action}", json=body)
        assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        return done

    def refused(self, action: str, **body: Any) -> str:
        """Do something that is refused; the sentence that says why."""
        answer = self.http.post(f"/api/{action}", json=body)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    def state(self) -> Json:
        """Everything to be drawn."""
        state: Json = self.http.get("/api/state").json()
        return state

    def until(self, holds: Callable[[Json], Any]) -> Any:
        """Look at the state again at each change until something holds; what that gives."""
        give_up = time.monotonic() + PATIENCE
        with self.http.stream("GET", "/api/events") as events:
            for line in events.iter_lines():
                if line and (found := holds(self.state())):
                    return found
                if time.monotonic() > give_up:
                    break
        raise AssertionError("it never came about")

    def person(self, name: str) -> int:
        """The id of somebody."""
        return next(int(one["id"]) for one in self.state()["people"] if one["name"] == name)

    def says(self, person: int, text: str, expected: str = "") -> Json:
        """Say something in the private chat and wait for the bot's answer with this text in it."""
        before = len(messages(self.state(), person))
        self.post("say", person=person, chat=person, text=text)
        return self.answer(person, expected, before)

    def answer(self, chat: int, expected: str = "", after: int = 0) -> Json:
        """Wait for a message of the bot with this text."""

        def seen(state: Json) -> Json | None:
            mine = [one for one in messages(state, chat)[after:] if one["own_bot"] and expected in one["text"]]
            return mine[-1] if mine else None

        found: Json = self.until(seen)
        return found


def messages(state: Json, chat: int) -> list[Json]:
    """What is in a chat."""
    return next(list(one["messages"]) for one in state["chats"] if one["id"] == chat)


def group(state: Json) -> Json:
    """The advisers' group."""
    return next(dict(one) for one in state["chats"] if one["kind"] == "group")


@pytest.fixture(scope="module")
def show(prepared: Path) -> Iterator[Sandbox]:
    """A sandbox for all tests of a module; each begins with empty chats."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(_settings(prepared), Path(folder)) as running:
        yield running


@pytest.fixture
def page(show: Sandbox) -> Iterator[Page]:
    """The page of a sandbox that begins anew, with the bot awake; no call broke the Bot API's rules."""
    opened = Page(show)
    opened.post("reset")
    opened.until(lambda state: state["bot"]["ready"])
    yield opened
    opened.post("story", stop=True)
    opened.post("fault", kind="none")
    opened.http.close()
    assert show.simulation.fake_telegram.violations == []


@pytest.fixture
def editors(prepared: Path, tmp_path: Path) -> Iterator[Page]:
    """The page of a sandbox over a copy of the knowledge, which may be changed."""
    shutil.copytree(BUILT_IN, tmp_path / "knowledge", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (tmp_path / "own").mkdir()
    with Sandbox(_settings(prepared), tmp_path / "own", tmp_path / "knowledge") as running:
        opened = Page(running)
        opened.until(lambda state: state["bot"]["ready"])
        yield opened
        opened.http.close()


def _settings(data: Path) -> Settings:
    return Settings(data_dir=data, PORT=0, _env_file=None)
