"""What all tests share: the real encoder and the real index, as `make setup` prepared them."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.settings import Settings
from bot.store import SqliteDatabase, Store
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from tests.support.missing_tools import summary
from tests.support.paths import PREPARED
from tests.support.postgres import server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line which tests were skipped for want of what."""
    if line := summary(terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(line)


class Clock:
    """A clock that stands still until it is moved. Calling it gives Unix time."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def encoder_dir() -> Path:
    """The prepared encoder."""
    assert (PREPARED / "encoder").is_dir(), "run: make setup"
    return PREPARED / "encoder"


@pytest.fixture(scope="session")
def encoder(encoder_dir: Path) -> OnnxEncoder:
    """The served encoder, loaded once."""
    return OnnxEncoder.load(encoder_dir)


@pytest.fixture(scope="session")
def live(encoder: OnnxEncoder) -> LiveIndex:
    """The index over the real knowledge."""
    return LiveIndex(PREPARED / "index", encoder)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of its own with the encoder and the index that `make setup` prepared."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "encoder").symlink_to((PREPARED / "encoder").resolve())
    (folder / "index").symlink_to((PREPARED / "index").resolve())
    return folder


@pytest.fixture
def clock() -> Clock:
    """A clock to be moved by hand."""
    return Clock()


@pytest.fixture
def embedded(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An empty store in SQLite."""
    opened = Store(SqliteDatabase(tmp_path / "bot.db", clock))
    yield opened
    opened.close()


@pytest.fixture
def store(embedded: Store) -> Store:
    """An empty store."""
    return embedded


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The socket folder of a running PostgreSQL, which only tests use that leave it running."""
    with server() as folder, psycopg.connect(f"host={folder} user=postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        yield folder


@pytest.fixture(scope="session")
def database_url(postgres_server: str) -> str:
    """The address of a PostgreSQL database that belongs to a role without special rights."""
    with psycopg.connect(f"host={postgres_server} user=postgres", autocommit=True) as connection:
        connection.execute("CREATE ROLE gwbot LOGIN")
        connection.execute("CREATE DATABASE gwbot OWNER gwbot")
    return f"postgresql://gwbot@/gwbot?host={postgres_server}"


@pytest.fixture
def fresh_url(database_url: str) -> str:
    """The address of an empty database of its own."""
    name = f"own_{secrets.token_hex(4)}"
    with psycopg.connect(database_url, user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER gwbot".encode())
    return database_url.replace("/gwbot?", f"/{name}?")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with nothing set, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Settings()
