"""Calls of the command line: in this process, or, if the process itself is tested, in a separate one."""

import contextlib
import gc
import io
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from unittest import mock

from bot.cli.main import main
from tests.support.paths import PREPARED

GWBOT = [sys.executable, "-m", "bot"]
Done = subprocess.CompletedProcess[str]


def gwbot(*arguments: str, folder: Path, stdin: str | TextIO = "", data: Path = PREPARED, **variables: str) -> Done:
    """Call the command line in a folder, with the prepared encoder and index unless told otherwise.

    Not for commands that run a bot: these set up logging and signals for the whole process.
    """
    out, err = io.StringIO(), io.StringIO()
    log = logging.StreamHandler(err)
    log.setLevel(logging.WARNING)  # what Python prints if logging is not set up
    with (
        mock.patch.dict(os.environ, environment(folder, data, **variables), clear=True),
        mock.patch.object(sys, "argv", ["gwbot", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ResourceWarning)  # disconnecting is left to the end of the process
        logging.getLogger().addHandler(log)
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            logging.getLogger().removeHandler(log)
            if "GW_INDEX_URL" in variables:
                gc.collect()
    return Done(arguments, code, out.getvalue(), err.getvalue())


def gwbot_process(*arguments: str, folder: Path, stdin: str = "", data: Path = PREPARED, **variables: str) -> Done:
    """Call the command line in a separate process."""
    environ = environment(folder, data, **variables)
    return subprocess.run(
        [*GWBOT, *arguments], cwd=folder, env=environ, input=stdin, capture_output=True, text=True, check=False
    )


@contextlib.contextmanager
def started(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run the command line in a process inside the block; it is killed if it has not ended by then.

    ``options`` are those of Popen.
    """
    with subprocess.Popen([*GWBOT, *arguments], text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def environment(folder: Path, data: Path = PREPARED, **variables: str) -> dict[str, str]:
    """Return the environment of a process: these settings of the bot, its store in the folder, no browser opened."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GW_")}
    return kept | {
        "CI": "true",
        "GW_DATA_DIR": str(data),
        "GW_DATABASE_URL": f"sqlite:///{folder}/bot.db",
        **variables,
    }


def fails(done: Done, *expected: str, code: int = 1) -> None:
    """Assert that a call ended with this exit code and these words."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for text in expected:
        assert text in done.stderr
