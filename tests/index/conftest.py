"""A PostgreSQL for the tests of the index."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from index.pgvector import PgPlace
from tests import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The socket folder of a running server."""
    with postgres.server() as folder:
        yield folder


@pytest.fixture
def url(postgres_server: str) -> str:
    """An empty database."""
    return postgres.database(postgres_server, f"t{uuid4().hex}")


@pytest.fixture
def place(url: str) -> Iterator[PgPlace]:
    """Room for an index in an empty database."""
    made = PgPlace(url, "main")
    yield made
    made.close()
