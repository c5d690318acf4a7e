"""What reaches an operator's terminal and the log: no escape sequence, no forged line, no secret, nobody's words."""

import json
import logging
import re
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.domain.consultation import Details, Request, RequestContext
from bot.domain.effects import CreateRequest
from bot.domain.event import Event, EventKind
from bot.domain.turn import State
from bot.log import _JsonFormatter, _RedactingFormatter, escape_control_chars, json_line
from bot.store import SqliteDatabase, Store
from tests.support.paths import ROOT

STEERING = {
    "escape": "\x1b[31mevil", "title": "\x1b]0;evil\x07", "paste": "\x1b]52;c;ZXZpbA==\x07", "clear": "\x1b[2J\x1b[H", "c1": "\x9b31mevil", "osc-c1": "\x9d0;evil\x9c",
    "bell": "\x07", "backspace": "harmlos\x08\x08\x08evil", "return": "harmlos\revil", "delete": "a\x7fb", "nul": "a\0b", "line": "a\nevil  2026", "vertical": "a\x0bb",
    "line-sign": "a\u2028b", "override": "\u202elive", "isolate": "\u2067evil", "shift": "a\x0eb", "tab": "a\tb",
}  # fmt: skip
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
TOKEN = "123456789:AAstand-in_token_of_a_bot_that_is_not_real"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a request for each text, by number, with the text in every field."""
    folder = tmp_path_factory.mktemp("terminal")
    store = Store(SqliteDatabase(folder / "bot.db", lambda: 1.0))
    for number, text in enumerate(STEERING.values(), 1):
        event = Event(number, EventKind.TEXT, number, number, 1)
        details = Details(text, text, "npo", text, times=text)
        request = Request(
            "ABCD-EFGH", number, number, text, "de", details, RequestContext(text, "", text), "", "jacob", 1.0
        )
        store.inbox.add_updates([(number, "1", "{}")])
        store.finish_update(
            number, event, State(), (), (CreateRequest(replace(request, reference=f"ABCD-{number:04}")),)
        )
    store.close()
    return folder


def ran(data: Path, *arguments: str) -> str:
    """All that a command writes."""
    done = CliRunner().invoke(cli, arguments, env={"GW_DATA_DIR": str(data)})
    assert done.exception is None
    return done.output


def process(data: Path, *arguments: str) -> str:
    """All that the command line writes when it ends in an error."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=data, env={"PYTHONPATH": str(ROOT), "GW_DATA_DIR": str(data), "PATH": "", "PYTHONIOENCODING": "utf-8"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    return done.stderr.decode()


@pytest.fixture(scope="module")
def listed(data: Path) -> dict[str, str]:
    """What the commands write about all requests."""
    return {"list": ran(data, "requests", "list"), "export": ran(data, "requests", "export")}


@pytest.mark.parametrize("kind", STEERING)
@pytest.mark.parametrize("command", ["list", "export"])
def test_a_request_in_a_list(listed: dict[str, str], command: str, kind: str) -> None:
    """A request takes one line of a list or an export, without a character that steers a terminal."""
    number = list(STEERING).index(kind) + 1
    lines = [line for line in listed[command].split("\n") if f"ABCD-{number:04}" in line]

    assert len(lines) == 1
    assert not UNSAFE.search(lines[0])
    if command == "export":
        assert json.loads(lines[0])["name"] == STEERING[kind]


@pytest.mark.parametrize("kind", ["escape", "c1", "line", "override", "nul"])
def test_one_request_shown(data: Path, kind: str) -> None:
    """A request that is shown has one line a field, without a character that steers a terminal."""
    number = list(STEERING).index(kind) + 1

    shown = ran(data, "requests", "show", f"ABCD-{number:04}")

    assert not UNSAFE.search(shown)
    assert len([line for line in shown.splitlines() if line.startswith(("name", "details.", "brief."))]) == 9


@pytest.mark.parametrize("kind", ["escape"])
def test_an_error_that_quotes(data: Path, kind: str) -> None:
    """An error that quotes what somebody wrote does not steer the terminal either."""
    shown = process(data, "requests", "show", STEERING[kind])

    assert "There is no request" in shown
    assert not UNSAFE.search(shown)


@pytest.mark.parametrize("kind", STEERING)
def test_a_text_made_printable(kind: str) -> None:
    """A printable text holds no steering character, and JSON that is made so still means the same."""
    assert not UNSAFE.search(escape_control_chars(STEERING[kind], ""))
    assert json.loads(json_line({"a": STEERING[kind]})) == {"a": STEERING[kind]}


def logged(formatter: logging.Formatter, message: str, *values: object, error: Exception | None = None) -> str:
    """What a formatter makes of an event."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    log = logging.Logger("bot")
    log.addHandler(handler)
    try:
        if error:
            raise error
        log.error(message, *values)
    except Exception:
        log.exception(message, *values)
    return stream.getvalue()


@pytest.mark.parametrize("kind", STEERING)
@pytest.mark.parametrize("style", ["text", "json"])
def test_an_event_is_one_line(style: str, kind: str) -> None:
    """Whatever a logged value holds, the event is one line, and no other event seems to begin."""
    formatter = (
        _RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        if style == "text"
        else _JsonFormatter("%(message)s")
    )

    line = logged(formatter, "a topic keeps its title: %s", STEERING[kind])

    assert line.count("\n") == 1
    assert not UNSAFE.search(line.replace("\n", ""))


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("where", ["value", "address", "exception", "cause", "message"])
def test_a_token_is_not_logged(style: str, where: str) -> None:
    """The bot's token is in no event, wherever it came from."""
    formatter = _RedactingFormatter("%(message)s") if style == "text" else _JsonFormatter("%(message)s")
    address = f"https://api.telegram.org/bot{TOKEN}/getMe"
    error: Exception | None = None
    if where in ("exception", "cause"):
        error = ValueError(address)
        error.__cause__ = KeyError(TOKEN) if where == "cause" else None

    line = logged(
        formatter,
        f"failed {TOKEN}" if where == "message" else "failed: %s",
        *([] if where == "message" else [TOKEN if where == "value" else address]),
        error=error,
    )

    assert TOKEN not in line
    assert TOKEN[10:] not in line


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Mein Geheimnis"),
        KeyError("Mein Geheimnis"),
        UnicodeEncodeError("utf-8", "Mein Geheimnis\ud800", 0, 1, "x"),
        TypeError("Mein Geheimnis"),
    ],
)
def test_nobodys_words_in_a_traceback(error: Exception) -> None:
    """An exception is logged with its kind and place, not with its words, which may be a person's."""
    line = logged(_RedactingFormatter("%(message)s"), "update 1 could not be answered", error=error)

    assert "Geheimnis" not in line
    assert type(error).__name__ in line
