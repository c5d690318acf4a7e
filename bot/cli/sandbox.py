"""`gwbot run` without a token: fake Telegram, bot and web page in one process, plus a chat in the terminal."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import click

from bot.app.bootstrap import resolve_knowledge_dir
from bot.app.preparation import ensure_prepared
from bot.cli.browser import open_in_browser
from bot.cli.chat import Notices, run_chat
from bot.errors import GwError
from bot.log import configure_logging
from bot.sandbox.launcher import Sandbox
from bot.settings import Settings

MAX_SANDBOXES = 9  # in one data folder


class _TerminatedError(BaseException):  # not an Exception, since opening an encoder catches all of these
    """SIGTERM or SIGINT was received."""


def run_sandbox(settings: Settings, *, opens_page: bool) -> None:
    """Run the sandbox, with a chat in the terminal; the first time, prepare encoder and index.

    ``opens_page`` also opens its page in the browser, if there is one.
    It ends with the input if that is a terminal or has any line, otherwise on SIGTERM or SIGINT.
    """
    at_terminal = sys.stdin.isatty()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, _handle_signal)
    try:
        ensure_prepared(settings, partial(click.echo, err=True), sandbox=True)
        configure_logging("WARNING" if at_terminal else settings.log_level, settings.log_format)
        notices = Notices(at_terminal)
        with (
            _claim_folder(settings.bot_dir) as folder,
            Sandbox(settings, folder, resolve_knowledge_dir(settings), notices.say) as sandbox,
        ):
            notices.print_waiting()
            click.echo(f"GW_TELEGRAM_TOKEN is not set, so the sandbox is open: {sandbox.url}", err=True)
            if opens_page:
                open_in_browser(sandbox.url)
            click.echo("The bot talks to you here as well. End with Ctrl-D.", err=True)
            has_input = run_chat(settings, sandbox.live_index, notices)
            while not (has_input or at_terminal):
                signal.pause()
    except _TerminatedError:
        return


def _handle_signal(signal_number: int, frame: FrameType | None) -> None:
    for ignored_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ignored_signal, signal.SIG_IGN)  # do not interrupt the shutdown
    raise _TerminatedError


@contextmanager
def _claim_folder(data_folder: Path) -> Iterator[Path]:
    """Claim a folder that no other running sandbox uses; it may contain files of an earlier one."""
    for number in range(1, MAX_SANDBOXES + 1):
        folder = data_folder / ("sandbox" if number == 1 else f"sandbox-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
            return
    raise GwError(f"{MAX_SANDBOXES} sandboxes are already running in {data_folder}; end one of them.")
