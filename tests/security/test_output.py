"""Output on an operator's terminal and in the log: no escape sequences, forged lines, secrets or personal texts."""

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
from bot.store import Store
from bot.store.sqlite.database import SqliteDatabase
from tests.support.paths import ROOT

CONTROL_SEQUENCES = {
    "escape": "\x1b[31mevil", "title": "\x1b]0;evil\x07", "paste": "\x1b]52;c;ZXZpbA==\x07", "clear": "\x1b[2J\x1b[H", "c1": "\x9b31mevil", "osc-c1": "\x9d0;evil\x9c",
    "bell": "\x07", "backspace": "harmlos\x08\x08\x08evil", "return": "harmlos\revil", "delete": "a\x7fb", "nul": "a\0b", "line": "a\nevil  2026", "vertical": "a\x0bb",
    "line-sign": "a\u2028b", "override": "\u202elive", "isolate": "\u2067evil", "shift": "a\x0eb", "tab": "a\tb",
}  # fmt: skip
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
TOKEN = "123456789:AAstand-in_token_of_a_bot_that_is_not_real"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one request for each hostile text, by number, with the text in every field."""
    folder = tmp_path_factory.mktemp("terminal")
    store = Store(SqliteDatabase(folder / "bot.db", lambda: 1.0))
    for number, text in enumerate(CONTROL_SEQUENCES.values(), 1):
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


def run_command(data: Path, *arguments: str) -> str:
    """Run a command; return its output."""
    result = CliRunner().invoke(cli, arguments, env={"GW_DATA_DIR": str(data)})
    assert result.exception is None
    return result.output


def run_failing_process(data: Path, *arguments: str) -> str:
    """Run a command that fails, as a process; return its error output."""
    result = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=data, env={"PYTHONPATH": str(ROOT), "GW_DATA_DIR": str(data), "PATH": "", "PYTHONIOENCODING": "utf-8"}, capture_output=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    return result.stderr.decode()


@pytest.fixture(scope="module")
def listed(data: Path) -> dict[str, str]:
    """The output of the commands that print all requests."""
    return {"list": run_command(data, "requests", "list"), "export": run_command(data, "requests", "export")}


@pytest.mark.parametrize("kind", CONTROL_SEQUENCES)
@pytest.mark.parametrize("command", ["list", "export"])
def test_a_request_in_a_list(listed: dict[str, str], command: str, kind: str) -> None:
    """A request takes one line of a list or an export, without control characters."""
    number = list(CONTROL_SEQUENCES).index(kind) + 1
    lines = [line for line in listed[command].split("\n") if f"ABCD-{number:04}" in line]

    assert len(lines) == 1
    assert not UNSAFE.search(lines[0])
    if command == "export":
        assert json.loads(lines[0])["name"] == CONTROL_SEQUENCES[kind]


@pytest.mark.parametrize("kind", ["escape", "c1", "line", "override", "nul"])
def test_shown_request(data: Path, kind: str) -> None:
    """A single request is shown with one line for each field, without control characters."""
    number = list(CONTROL_SEQUENCES).index(kind) + 1

    output = run_command(data, "requests", "show", f"ABCD-{number:04}")

    assert not UNSAFE.search(output)
    assert len([line for line in output.splitlines() if line.startswith(("name", "details.", "brief."))]) == 9


@pytest.mark.parametrize("kind", ["escape"])
def test_error_that_quotes_user_input(data: Path, kind: str) -> None:
    """An error that quotes user input contains no control characters either."""
    output = run_failing_process(data, "requests", "show", CONTROL_SEQUENCES[kind])

    assert "There is no request" in output
    assert not UNSAFE.search(output)


@pytest.mark.parametrize("kind", CONTROL_SEQUENCES)
def test_escaped_text_is_printable(kind: str) -> None:
    """An escaped text has no control characters, and escaped JSON still has the same meaning."""
    assert not UNSAFE.search(escape_control_chars(CONTROL_SEQUENCES[kind], ""))
    assert json.loads(json_line({"a": CONTROL_SEQUENCES[kind]})) == {"a": CONTROL_SEQUENCES[kind]}


def log_line(formatter: logging.Formatter, message: str, *values: object, error: Exception | None = None) -> str:
    """Return the log line that a formatter writes."""
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


@pytest.mark.parametrize("kind", CONTROL_SEQUENCES)
@pytest.mark.parametrize("style", ["text", "json"])
def test_an_event_is_one_line(style: str, kind: str) -> None:
    """A logged event is one line whatever its values contain, so that no event can be forged."""
    formatter = (
        _RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        if style == "text"
        else _JsonFormatter("%(message)s")
    )

    line = log_line(formatter, "a topic keeps its title: %s", CONTROL_SEQUENCES[kind])

    assert line.count("\n") == 1
    assert not UNSAFE.search(line.replace("\n", ""))


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("where", ["value", "address", "exception", "cause", "message"])
def test_a_token_is_not_logged(style: str, where: str) -> None:
    """The bot's token is never logged, wherever it appears."""
    formatter = _RedactingFormatter("%(message)s") if style == "text" else _JsonFormatter("%(message)s")
    address = f"https://api.telegram.org/bot{TOKEN}/getMe"
    error: Exception | None = None
    if where in ("exception", "cause"):
        error = ValueError(address)
        error.__cause__ = KeyError(TOKEN) if where == "cause" else None

    line = log_line(
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
def test_exception_message_is_not_logged(error: Exception) -> None:
    """An exception is logged with type and location, but without its message, which may be personal."""
    line = log_line(_RedactingFormatter("%(message)s"), "update 1 could not be answered", error=error)

    assert "Geheimnis" not in line
    assert type(error).__name__ in line
