"""What the tests of the index share: a small foreign folder, and a PostgreSQL."""

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
    made = tmp_path / "wissen"
    made.mkdir()
    for name, text in TEXTS.items():
        (made / f"{name}.md").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def url(postgres_server: str) -> str:
    """An empty database."""
    return postgres.database(postgres_server)


@pytest.fixture
def place(url: str) -> Iterator[PgBackend]:
    """Room for an index in an empty database."""
    made = PgBackend(url, "main")
    yield made
    made.close()
