"""The bot over the real knowledge base, without Telegram."""

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
from bot.store import Store
from bot.store.postgres.database import PostgresDatabase
from bot.store.sqlite.database import SqliteDatabase
from index.search.live_index import LiveIndex
from tests.conftest import Clock
from tests.support.relay import DESK
from tests.support.stores import empty_store, write_empty_store

OpenStore = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[OpenStore]:
    """Opens the same store, which is empty at first, each time it is called; tests run with SQLite and PostgreSQL."""
    url = request.getfixturevalue("database_url") if request.param == "postgres" else ""
    tenant, opened = secrets.token_hex(4), list[Store]()
    if not url:
        write_empty_store(tmp_path / "bot.db")

    def open_again() -> Store:
        database = PostgresDatabase(url, clock, tenant) if url else SqliteDatabase(tmp_path / "bot.db", clock)
        opened.append(Store(database))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:  # replaces the fixture with SQLite only
    """An empty store; tests run with SQLite and PostgreSQL."""
    return open_store()


@pytest.fixture
def answerer(settings: Settings, live: LiveIndex) -> Answerer:
    """An answerer over the real knowledge base."""
    return make_answerer(settings, live)


@pytest.fixture
def dialogue(settings: Settings, live: LiveIndex, tmp_path: Path) -> Iterator[Dialogue]:
    """The dialogue, wired as in the bot, over an empty store."""
    store = empty_store(tmp_path / "dialogue.db", Clock())
    yield make_dialogue(BotRuntime(settings, live, store))
    store.close()


@pytest.fixture
def services(dialogue: Dialogue) -> Dialogue:
    """The same dialogue with an adviser chat."""
    return replace(dialogue, advisers=Advisers(DESK), now=Clock())


@pytest.fixture
def pg_store(fresh_url: str, clock: Clock) -> Store:
    """A store in its own PostgreSQL database."""
    return Store(PostgresDatabase(fresh_url, clock))


@pytest.fixture
def process_store(fresh_url: str, clock: Clock) -> Iterator[OpenStore]:
    """Opens the same PostgreSQL store as one more process each time it is called."""
    opened: list[Store] = []

    def open_again() -> Store:
        opened.append(Store(PostgresDatabase(fresh_url, clock)))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def kill_connections(fresh_url: str) -> Callable[[str], None]:
    """Ends the connections that match a condition on pg_stat_activity, as a failing server or network does."""

    def kill(condition: str) -> None:
        with psycopg.connect(fresh_url, user="postgres", autocommit=True) as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {others} AND {condition}".encode())

    return kill
