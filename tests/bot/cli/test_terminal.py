"""What is shown on a terminal: whole help texts, progress with the time left, no line over a prompt."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot.cli.chat import Notices
from bot.cli.main import cli
from bot.cli.terminal import _LineReporter
from bot.domain.durations import describe_seconds
from tests.support.command_line import fails, gwbot


def all_commands(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command of a group with its names, also those of groups in it."""
    yield names, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from all_commands(command, *names, name)
        else:
            yield (*names, name), command


def test_help_is_whole_at_80_columns() -> None:
    """No help text is cut on a terminal of 80 columns, and none is wider."""
    for names, command in all_commands(cli):
        context = click.Context(
            command, info_name=" ".join(("gwbot", *names)), terminal_width=80, max_content_width=80
        )
        text = command.get_help(context)

        assert "..." not in re.sub(r"\[?(ARGS|FILE|NAME|QUESTION)\]?\.\.\.", "", text), text
        assert max(map(len, text.splitlines())) <= 80, text


def test_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What ends within two seconds is not reported; what takes longer is, with the time left, every few seconds."""
    clock = itertools.count(0.0, 0.5)
    report = _LineReporter("texts", lambda: next(clock))

    for done in range(1, 21):
        report("encoding", done, 1_200)

    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "encoding: 4 of 1,200 texts, about 7 minutes left",
        "encoding: 14 of 1,200 texts, about 9 minutes left",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "about 1 second"), (7.4, "about 7 seconds"), (43, "about 45 seconds"), (200, "about 3 minutes")],
)
def test_duration_in_words(seconds: float, text: str) -> None:
    """A duration is rounded to what a person wants to know."""
    assert describe_seconds(seconds) == text


def test_notice_waits_at_a_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    """At a prompt a notice waits for the next line; elsewhere it is written at once."""
    at_prompt, elsewhere = Notices(at_prompt=True), Notices(at_prompt=False)

    at_prompt.say("waits")
    elsewhere.say("now")
    before = capsys.readouterr().err
    at_prompt.print_waiting()

    assert (before, capsys.readouterr().err) == ("now\n", "waits\n")


def test_missing_model_folder_is_named_at_once(tmp_path: Path) -> None:
    """A model folder that does not exist is named in one line, before any library is loaded."""
    fails(gwbot("model", "prepare", "./nosuch", folder=tmp_path), "There is no folder ./nosuch with the model.")
