"""An index in PostgreSQL that is missing, damaged or of another encoder, or whose server is unreachable."""

from pathlib import Path

import psycopg
import pytest

from index.backends.pgvector import PgBackend
from index.build.builder import IndexSource
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.errors import IndexUnreachable, IndexUnusable
from index.search.live_index import LiveIndex
from knowledge.loader import load_knowledge
from tests.index.backends.test_pgvector import build
from tests.support import postgres


class RenamedEncoder:
    """The real encoder under another name."""

    name, revision, digest = "another", "", "another"

    def __init__(self, encoder: OnnxEncoder) -> None:
        self.dimension = encoder.dimension
        self.encode_queries, self.encode_passages = encoder.encode_queries, encoder.encode_passages


def test_nothing_built_yet(encoder: OnnxEncoder, backend: PgBackend) -> None:
    """The error about an empty database says what to run."""
    with pytest.raises(IndexUnusable, match=r"There is no index main in PostgreSQL\. Run: gwbot index build"):
        backend.open_reader(encoder)


def test_another_encoder(folder: Path, encoder: OnnxEncoder, backend: PgBackend) -> None:
    """An index of another encoder is rejected, and its vectors are not reused."""
    first = build(folder, encoder, backend)
    other = RenamedEncoder(encoder)

    with pytest.raises(IndexUnusable, match=r"with the encoder .*, which is not the one now installed"):
        backend.open_reader(other)
    second = backend.build_version(
        IndexSource(load_knowledge(folder), other, load_calibration(with_examples=False)),
        lambda phase, done, total: None,
    )

    assert second.embedded_count == first.embedded_count


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE {}.files SET data = data || 'x' WHERE name = 'rows.npy'", "is damaged"),
        ("UPDATE {}.files SET data = '{{' WHERE name = 'manifest.json'", "is damaged"),
        ("DELETE FROM {}.files WHERE name = 'rows.npy'", "are missing"),
        ("DROP TABLE {}.files", "is not in PostgreSQL"),
    ],
)
def test_damage_is_found_on_opening(
    folder: Path, encoder: OnnxEncoder, backend: PgBackend, url: str, damage: str, message: str
) -> None:
    """What is read when an index is opened is verified; the error says what to run, which repairs it."""
    result = build(folder, encoder, backend)
    with psycopg.connect(url) as connection:
        connection.execute(damage.format(result.version))

    with pytest.raises(IndexUnusable, match=f"{message}.*gwbot index build"):
        backend.open_reader(encoder)
    build(folder, encoder, backend)

    assert len(backend.open_reader(encoder).entries) == 3


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("vectors", "DELETE FROM {}.vectors WHERE row = 0"),
        ("entries", "UPDATE {}.entries SET line = line || ' ' WHERE place = 0"),
        ("postings", "UPDATE {}.postings SET targets = ''"),
        ("words", "UPDATE {}.words SET document = ''"),
    ],
)
def test_damage_is_found_by_verify(
    folder: Path, encoder: OnnxEncoder, backend: PgBackend, url: str, table: str, damage: str
) -> None:
    """A changed or missing row in any table is found; the suggested command rebuilds it and reuses nothing."""
    reader = backend.open_reader(encoder) if build(folder, encoder, backend) else None
    assert reader
    assert backend.verify_version(reader) == "all 7 tables are as they were written"
    with psycopg.connect(url) as connection:
        connection.execute(damage.format(reader.version))

    with pytest.raises(IndexUnusable, match=f"{table} is damaged.*gwbot index build"):
        backend.verify_version(reader)
    build(folder, encoder, backend)

    assert backend.verify_version(backend.open_reader(encoder)) == "all 7 tables are as they were written"


def test_unreachable_server_and_no_password_shown() -> None:
    """If no server answers, the error says so and shows nothing of the address."""
    for url in ("postgresql://gw:geheim@/x?host=/nowhere", "postgresql://gw:geheim%zz@localhost/x"):
        with pytest.raises(IndexUnusable, match="PostgreSQL") as caught:
            PgBackend(url, "main").current_version()

        assert "geheim" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_server_stops_and_restarts(folder: Path, encoder: OnnxEncoder) -> None:
    """While the server is down each question fails with the reason; the first one after its return is answered."""
    with postgres.server() as server:
        backend = PgBackend(postgres.database(server), "main")
        build(folder, encoder, backend)
        live = LiveIndex(backend, encoder)
        searcher = live.current_searcher()
        postgres.stop(server)

        with pytest.raises(IndexUnreachable, match="Check the server and GW_INDEX_URL"):
            live.current_searcher()
        with pytest.raises(IndexUnreachable):
            searcher.search("Wohin mit dem alten Papier?")
        trouble = live.trouble
        postgres.start(server)
        after_restart = live.current_searcher().rank_entries("Wohin mit dem alten Papier?", 1)
        postgres.stop(server)
        postgres.start(server)  # between two questions, so that nobody notices
        after_second_restart = live.current_searcher().rank_entries("Wohin mit dem alten Papier?", 1)
        backend.close()

    assert (trouble, live.trouble) == ("its server cannot be reached", "")
    assert after_restart[0].target == after_second_restart[0].target == "muell"


def test_missing_privilege(folder: Path, encoder: OnnxEncoder, backend: PgBackend, url: str) -> None:
    """The error about a role that may not create anything names the privilege that it needs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
    restricted = PgBackend(url.replace("postgres@", "reader@"), "main")

    with pytest.raises(IndexUnusable, match="needs CREATE on the database"):
        build(folder, encoder, restricted)
    restricted.close()
