"""`gwbot run` without a token: stand-in, bot and page in one process, and the chat on the terminal beside them."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from bot.app.bootstrap import knowledge_of
from bot.cli.chat import converse
from bot.errors import GwError
from bot.log import configure
from bot.sandbox.launcher import Show
from bot.settings import Settings

MOST_AT_ONCE = 9  # sandboxes that share a data folder


class _EndedError(Exception):
    """SIGTERM or SIGINT came."""


def play(settings: Settings) -> None:
    """Run the sandbox and talk on the terminal.

    The end of the input ends it where somebody sat there or something was asked; otherwise SIGTERM and SIGINT do.
    """
    at_terminal = sys.stdin.isatty()
    configure("WARNING" if at_terminal else settings.log_level, settings.log_format)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        with _own_folder(settings.home) as folder, Show(settings, folder, knowledge_of(settings)) as show:
            click.echo(f"GW_TELEGRAM_TOKEN is not set, so the sandbox is open: {show.url}", err=True)
            click.echo("The bot talks to you here as well. End with Ctrl-D.", err=True)
            asked = converse(settings, show.live)
            while not (asked or at_terminal):
                signal.pause()
    except _EndedError:
        return


def _end(number: int, frame: FrameType | None) -> None:
    for other in (signal.SIGTERM, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)  # the way out is not disturbed
    raise _EndedError


@contextmanager
def _own_folder(data: Path) -> Iterator[Path]:
    """A folder that no other sandbox uses at the same time; what is in it is left over from an earlier one."""
    for number in range(1, MOST_AT_ONCE + 1):
        folder = data / ("sandbox" if number == 1 else f"sandbox-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
            return
    raise GwError(f"{MOST_AT_ONCE} sandboxes run in {data} already; end one of them.")
