"""Fixtures of all tests: the encoder and the index prepared by `make setup`, stores, databases and a clock."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from bot.settings import Settings
from bot.store import Store
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN, Knowledge, load_knowledge
from tests.support import postgres
from tests.support.light_knowledge import copy_light_knowledge
from tests.support.missing_tools import summary
from tests.support.paths import PREPARED
from tests.support.stores import empty_store

# No test measures time: a busy machine would fail it.
hypothesis.settings.register_profile("any-machine", deadline=None)
hypothesis.settings.load_profile("any-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Have all processes of a run share one PostgreSQL, which the first test that needs one starts."""
    if not _is_worker(config):
        postgres.name_shared_server()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared PostgreSQL."""
    if not _is_worker(config):
        postgres.remove_shared_server()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")  # set by pytest-xdist


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line on the tests that were skipped and what they lacked."""
    if line := summary(terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(line)


class Clock:
    """A clock that stands still until a test moves it; returns Unix time when called."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def encoder_dir() -> Path:
    """The folder of the prepared encoder."""
    assert (PREPARED / "encoder").is_dir(), "run: make setup"
    return PREPARED / "encoder"


@pytest.fixture(scope="session")
def encoder(encoder_dir: Path) -> OnnxEncoder:
    """The prepared encoder, loaded once."""
    return OnnxEncoder.load(encoder_dir)


@pytest.fixture(scope="session")
def live(encoder: OnnxEncoder) -> LiveIndex:
    """The prepared index of the built-in knowledge."""
    return LiveIndex(PREPARED / "index", encoder)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A separate data folder with the prepared encoder and a copy of the prepared index.

    A copy, because the sandbox rebuilds an index that does not fit the encoder. The copy is as new as this moment,
    because the sandbox also rebuilds one that is older than a file of the knowledge, as after each checkout.
    """
    folder = tmp_path_factory.mktemp("data")
    (folder / "encoder").symlink_to((PREPARED / "encoder").resolve())
    shutil.copytree(PREPARED / "index", folder / "index", symlinks=True, copy_function=shutil.copyfile)
    return folder


@pytest.fixture(scope="session")
def built_in() -> Knowledge:
    """The built-in knowledge."""
    return load_knowledge(BUILT_IN)


@pytest.fixture(scope="session")
def light(prepared: Path, encoder: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a light `knowledge`, and with its index and the encoder in `data`."""
    folder = tmp_path_factory.mktemp("light")
    knowledge = load_knowledge(copy_light_knowledge(folder / "knowledge"))
    (folder / "data").mkdir()
    (folder / "data" / "encoder").symlink_to((prepared / "encoder").resolve())
    source = IndexSource(knowledge, encoder, load_calibration(with_examples=True))
    build_index(source, folder / "data" / "index", cache_root=prepared / "index")
    return folder


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves by hand."""
    return Clock()


@pytest.fixture
def embedded(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An empty store in SQLite."""
    opened = empty_store(tmp_path / "bot.db", clock)
    yield opened
    opened.close()


@pytest.fixture
def store(embedded: Store) -> Store:
    """An empty store."""
    return embedded


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The socket folder of the PostgreSQL that all processes of a run share, for tests that leave it running."""
    return postgres.shared_server()


@pytest.fixture(scope="session")
def database_url(postgres_server: str) -> str:
    """The address of a PostgreSQL database that belongs to a role without special privileges."""
    return postgres.database(postgres_server, "gwbot")


@pytest.fixture
def fresh_url(postgres_server: str) -> str:
    """The address of an empty database for one test."""
    return postgres.database(postgres_server, "gwbot")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with default values, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Settings()


@pytest.fixture(scope="session", autouse=True)
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No certificates to read, which takes 40 ms of every HTTP client: all servers here speak plain HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no-certificates")))
        yield
