"""A running sandbox in a temporary folder, and an HTTP client that uses it like the page."""

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

PATIENCE = 20.0  # seconds to wait for a condition


class Page:
    """A client of the page's HTTP interface."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=sandbox.url, timeout=30)

    def post(self, action: str, **body: Any) -> Json:
        """Do something that is accepted; return the answer."""
        answer = self.http.post(f"/api/{action}", json=body)
        assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        return done

    def refused(self, action: str, **body: Any) -> str:
        """Do something that is refused; return the sentence that says why."""
        answer = self.http.post(f"/api/{action}", json=body)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    def state(self) -> Json:
        """Return everything that the page draws."""
        state: Json = self.http.get("/api/state").json()
        return state

    def until(self, holds: Callable[[Json], Any]) -> Any:
        """Wait until a function of the state returns something true, evaluated at every change; return that."""
        give_up = time.monotonic() + PATIENCE
        with self.http.stream("GET", "/api/events") as events:
            for line in events.iter_lines():
                if line and (found := holds(self.state())):
                    return found
                if time.monotonic() > give_up:
                    break
        raise AssertionError("the condition was never met")

    def person(self, name: str) -> int:
        """Return the id of a person."""
        return next(int(person["id"]) for person in self.state()["people"] if person["name"] == name)

    def send_text(self, person: int, text: str, expected: str = "") -> Json:
        """Send a text in the private chat and wait for the bot's answer that contains ``expected``."""
        before = len(messages(self.state(), person))
        self.post("say", person=person, chat=person, text=text)
        return self.answer(person, expected, before)

    def answer(self, chat: int, expected: str = "", after: int = 0) -> Json:
        """Wait for a message of the bot that contains ``expected``."""

        def seen(state: Json) -> Json | None:
            new_messages = messages(state, chat)[after:]
            matches = [message for message in new_messages if message["own_bot"] and expected in message["text"]]
            return matches[-1] if matches else None

        found: Json = self.until(seen)
        return found


def messages(state: Json, chat: int) -> list[Json]:
    """Return the messages of a chat."""
    return next(list(item["messages"]) for item in state["chats"] if item["id"] == chat)


def group(state: Json) -> Json:
    """Return the advisers' group."""
    return next(dict(chat) for chat in state["chats"] if chat["kind"] == "group")


@pytest.fixture(scope="module")
def sandbox(prepared: Path) -> Iterator[Sandbox]:
    """A sandbox shared by the tests of a module."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(_settings(prepared), Path(folder)) as running:
        yield running


@pytest.fixture
def page(sandbox: Sandbox) -> Iterator[Page]:
    """A client of a reset sandbox with a running bot; afterwards no call has violated the Bot API's rules."""
    opened = Page(sandbox)
    opened.post("reset")
    opened.until(lambda state: state["bot"]["ready"])
    yield opened
    opened.post("story", stop=True)
    opened.post("fault", kind="none")
    opened.http.close()
    assert sandbox.simulation.fake_telegram.violations == []


@pytest.fixture
def editors(prepared: Path, tmp_path: Path) -> Iterator[Page]:
    """A client of a sandbox on a copy of the knowledge, which tests may change."""
    shutil.copytree(BUILT_IN, tmp_path / "knowledge", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (tmp_path / "own").mkdir()
    with Sandbox(_settings(prepared), tmp_path / "own", tmp_path / "knowledge") as running:
        opened = Page(running)
        opened.until(lambda state: state["bot"]["ready"])
        yield opened
        opened.http.close()


def _settings(data: Path) -> Settings:
    return Settings(data_dir=data, PORT=0, _env_file=None)
