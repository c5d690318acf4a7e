"""Fixtures for the tests of the index: a small folder of Markdown files, and a PostgreSQL database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.backends.pgvector import PgBackend
from tests.support import postgres

TEXTS = {
    "ruhe": "In der Hausordnung steht: Nach 22 Uhr bitte leise sein. Musik ist dann nur in Zimmerlautstärke erlaubt.",
    "muell": "Der Müll wird getrennt. Papier kommt in die blaue Tonne, Glas in den Container an der Straße.",
    "hund": "Hunde sind im Haus willkommen. Im Hof müssen sie an der Leine gehen.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three short documents."""
    folder = tmp_path / "wissen"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def url(postgres_server: str) -> str:
    """The address of an empty database."""
    return postgres.database(postgres_server)


@pytest.fixture
def backend(url: str) -> Iterator[PgBackend]:
    """An index backend in an empty database."""
    backend = PgBackend(url, "main")
    yield backend
    backend.close()
