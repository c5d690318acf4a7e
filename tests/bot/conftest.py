"""The bot over the real knowledge, without Telegram."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bot.answering.answerer import Answerer
from bot.app.bootstrap import BotRuntime, make_answerer, make_dialogue
from bot.flows.dialogue import Advisers, Dialogue
from bot.settings import Settings
from bot.store import SqliteDatabase, Store
from bot.store.postgres.database import PostgresDatabase
from index.search.live_index import LiveIndex
from tests.conftest import Clock
from tests.support.relay import DESK
from tests.support.stores import empty_store, write_empty_store

Opening = Callable[[], Store]
Stores = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Opening]:
    """Opens one and the same store, which is empty at first, as often as it is called."""
    url = request.getfixturevalue("database_url") if request.param == "postgres" else ""
    tenant, opened = secrets.token_hex(4), list[Store]()
    if not url:
        write_empty_store(tmp_path / "bot.db")

    def opens() -> Store:
        database = PostgresDatabase(url, clock, tenant) if url else SqliteDatabase(tmp_path / "bot.db", clock)
        opened.append(Store(database))
        return opened[-1]

    yield opens
    for store in opened:
        store.close()


@pytest.fixture
def store(opening: Opening) -> Store:  # instead of the one in SQLite alone
    """An empty store; each test runs over both kinds."""
    return opening()


@pytest.fixture
def answerer(settings: Settings, live: LiveIndex) -> Answerer:
    """Answers over the real knowledge."""
    return make_answerer(settings, live)


@pytest.fixture
def dialogue(settings: Settings, live: LiveIndex, tmp_path: Path) -> Iterator[Dialogue]:
    """The wired conversation over an empty store."""
    store = empty_store(tmp_path / "dialogue.db", Clock())
    yield make_dialogue(BotRuntime(settings, live, store))
    store.close()


@pytest.fixture
def parts(dialogue: Dialogue) -> Dialogue:
    """The same, connected to a chat of advisers."""
    return replace(dialogue, advisers=Advisers(DESK), now=Clock())


@pytest.fixture
def mine(fresh_url: str, clock: Clock) -> Store:
    """A store in a database of its own."""
    return Store(PostgresDatabase(fresh_url, clock))


@pytest.fixture
def process(fresh_url: str, clock: Clock) -> Iterator[Stores]:
    """Opens the store as another process does, as often as it is called."""
    opened: list[Store] = []

    def opens() -> Store:
        opened.append(Store(PostgresDatabase(fresh_url, clock)))
        return opened[-1]

    yield opens
    for store in opened:
        store.close()


@pytest.fixture
def kill(fresh_url: str) -> Callable[[str], None]:
    """Ends the connections of which PostgreSQL knows this, as a server or a network does."""

    def kills(which: str) -> None:
        with psycopg.connect(fresh_url, user="postgres", autocommit=True) as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {others} AND {which}".encode())

    return kills
