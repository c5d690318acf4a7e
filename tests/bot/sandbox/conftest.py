"""A running sandbox in a temporary folder, and an HTTP client that uses it as the page does."""

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

Json = dict[str, Any]

CONDITION_TIMEOUT = 180.0  # seconds; on a busy machine the knowledge is read and indexed in half a minute


class Page:
    """A client of the page's HTTP interface."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=sandbox.url, timeout=30)

    def post(self, action: str, **body: Any) -> Json:
        """Perform an action that is accepted, and return the response."""
        answer = self.http.post(f"/api/{action}", json=body)
        assert answer.status_code == 200, answer.text
        result: Json = answer.json()
        return result

    def refused(self, action: str, **body: Any) -> str:
        """Perform an action that is refused, and return the error message."""
        answer = self.http.post(f"/api/{action}", json=body)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    def state(self) -> Json:
        """Return the state that the page displays."""
        state: Json = self.http.get("/api/state").json()
        return state

    def until(self, condition: Callable[[Json], Any]) -> Any:
        """Evaluate a function of the state at every change until it returns something true, and return that."""
        deadline = time.monotonic() + CONDITION_TIMEOUT
        with self.http.stream("GET", "/api/events") as events:
            for line in events.iter_lines():
                if line and (value := condition(self.state())):
                    return value
                if time.monotonic() > deadline:
                    break
        raise AssertionError("the condition was never met")

    def person(self, name: str) -> int:
        """Return the id of a person."""
        return next(int(person["id"]) for person in self.state()["people"] if person["name"] == name)

    def send_text(self, person: int, text: str, expected: str = "") -> Json:
        """Send a text in the private chat, and wait for an answer of the bot that contains ``expected``."""
        before = len(messages(self.state(), person))
        self.post("say", person=person, chat=person, text=text)
        return self.answer(person, expected, before)

    def answer(self, chat: int, expected: str = "", after: int = 0) -> Json:
        """Wait for a message of the bot that contains ``expected``."""

        def find_answer(state: Json) -> Json | None:
            new_messages = messages(state, chat)[after:]
            matches = [message for message in new_messages if message["own_bot"] and expected in message["text"]]
            return matches[-1] if matches else None

        message: Json = self.until(find_answer)
        return message


def messages(state: Json, chat: int) -> list[Json]:
    """Return the messages of a chat."""
    return next(list(item["messages"]) for item in state["chats"] if item["id"] == chat)


def group(state: Json) -> Json:
    """Return the adviser chat."""
    return next(dict(chat) for chat in state["chats"] if chat["kind"] == "group")


@pytest.fixture(scope="module")
def sandbox(prepared: Path) -> Iterator[Sandbox]:
    """A sandbox shared by the tests of a module."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(_settings(prepared), Path(folder)) as running:
        yield running


@pytest.fixture
def page(sandbox: Sandbox) -> Iterator[Page]:
    """A client of a reset sandbox with a running bot; fails if a call has violated the rules of the Bot API."""
    client = Page(sandbox)
    client.post("reset")
    client.until(lambda state: state["bot"]["ready"])
    client.until(lambda state: any(message["own_bot"] for message in group(state)["messages"]))  # its greeting
    yield client
    client.post("story", stop=True)
    client.post("fault", kind="none")
    client.http.close()
    assert sandbox.simulation.fake_telegram.violations == []


@pytest.fixture
def editors(light: Path, tmp_path: Path) -> Iterator[Page]:
    """A client of a sandbox with its own copy of the light knowledge base, which tests may change."""
    shutil.copytree(light / "knowledge", tmp_path / "knowledge")
    (tmp_path / "own").mkdir()
    with Sandbox(_settings(light / "data"), tmp_path / "own", tmp_path / "knowledge") as running:
        client = Page(running)
        client.until(lambda state: state["bot"]["ready"])
        yield client
        client.http.close()


def _settings(data: Path) -> Settings:
    return Settings(data_dir=data, PORT=0, _env_file=None)
