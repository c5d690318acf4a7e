"""An index in PostgreSQL that is missing, damaged, of another encoder, or behind a server that is gone."""

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
from tests.index.backends.test_pgvector import built
from tests.support import postgres


class Renamed:
    """The real encoder under another name."""

    name, revision, digest = "another", "", "another"

    def __init__(self, encoder: OnnxEncoder) -> None:
        self.dimension = encoder.dimension
        self.encode_queries, self.encode_passages = encoder.encode_queries, encoder.encode_passages


def test_nothing_built_yet(encoder: OnnxEncoder, place: PgBackend) -> None:
    """An empty database says what to run."""
    with pytest.raises(IndexUnusable, match=r"There is no index main in PostgreSQL\. Run: gwbot index build"):
        place.open_reader(encoder)


def test_another_encoder(folder: Path, encoder: OnnxEncoder, place: PgBackend) -> None:
    """An index of another encoder is refused, and its vectors are not taken over."""
    made = built(folder, encoder, place)
    other = Renamed(encoder)

    with pytest.raises(IndexUnusable, match=r"with the encoder .*, which is not the one now installed"):
        place.open_reader(other)
    again = place.build_version(
        IndexSource(load_knowledge(folder), other, load_calibration(with_examples=False)),
        lambda doing, done, total: None,
    )

    assert again.embedded_count == made.embedded_count


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE {}.files SET data = data || 'x' WHERE name = 'rows.npy'", "is damaged"),
        ("UPDATE {}.files SET data = '{{' WHERE name = 'manifest.json'", "is damaged"),
        ("DELETE FROM {}.files WHERE name = 'rows.npy'", "are missing"),
        ("DROP TABLE {}.files", "is not in PostgreSQL"),
    ],
)
def test_damage_is_found_at_the_start(
    folder: Path, encoder: OnnxEncoder, place: PgBackend, url: str, harm: str, said: str
) -> None:
    """What is read when an index is opened is verified; the error says what to run, which mends it."""
    made = built(folder, encoder, place)
    with psycopg.connect(url) as connection:
        connection.execute(harm.format(made.version))

    with pytest.raises(IndexUnusable, match=f"{said}.*gwbot index build"):
        place.open_reader(encoder)
    built(folder, encoder, place)

    assert len(place.open_reader(encoder).entries) == 3


@pytest.mark.parametrize(
    ("table", "harm"),
    [
        ("vectors", "DELETE FROM {}.vectors WHERE row = 0"),
        ("entries", "UPDATE {}.entries SET line = line || ' ' WHERE place = 0"),
        ("postings", "UPDATE {}.postings SET targets = ''"),
        ("words", "UPDATE {}.words SET document = ''"),
    ],
)
def test_damage_is_found_by_verify(
    folder: Path, encoder: OnnxEncoder, place: PgBackend, url: str, table: str, harm: str
) -> None:
    """A changed or missing row in any table is found, with the command that mends it, which takes nothing over."""
    opened = place.open_reader(encoder) if built(folder, encoder, place) else None
    assert opened
    assert place.verify_version(opened) == "all 7 tables are as they were written"
    with psycopg.connect(url) as connection:
        connection.execute(harm.format(opened.version))

    with pytest.raises(IndexUnusable, match=f"{table} is damaged.*gwbot index build"):
        place.verify_version(opened)
    built(folder, encoder, place)

    assert place.verify_version(place.open_reader(encoder)) == "all 7 tables are as they were written"


def test_no_server_and_no_password_shown() -> None:
    """Where no server answers, the error says so and shows nothing of the address."""
    for url in ("postgresql://gw:geheim@/x?host=/nowhere", "postgresql://gw:geheim%zz@localhost/x"):
        with pytest.raises(IndexUnusable, match="PostgreSQL") as caught:
            PgBackend(url, "main").current_version()

        assert "geheim" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_a_server_that_comes_back(folder: Path, encoder: OnnxEncoder) -> None:
    """While the server is away each question says so, and the next one after its return is answered."""
    with postgres.server() as server:
        place = PgBackend(postgres.database(server), "main")
        built(folder, encoder, place)
        live = LiveIndex(place, encoder)
        searcher = live.current_searcher()
        postgres.stop(server)

        with pytest.raises(IndexUnreachable, match="Check the server and GW_INDEX_URL"):
            live.current_searcher()
        with pytest.raises(IndexUnreachable):
            searcher.search("Wohin mit dem alten Papier?")
        away = live.trouble
        postgres.start(server)
        again = live.current_searcher().rank_entries("Wohin mit dem alten Papier?", 1)
        postgres.stop(server)
        postgres.start(server)  # between two questions: nobody noticed
        unnoticed = live.current_searcher().rank_entries("Wohin mit dem alten Papier?", 1)
        place.close()

    assert (away, live.trouble) == ("its server cannot be reached", "")
    assert again[0].target == unnoticed[0].target == "muell"


def test_without_the_right_to_create(folder: Path, encoder: OnnxEncoder, place: PgBackend, url: str) -> None:
    """A role that may not create anything is told which right it needs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
    reader = PgBackend(url.replace("postgres@", "reader@"), "main")

    with pytest.raises(IndexUnusable, match="needs CREATE on the database"):
        built(folder, encoder, reader)
    reader.close()
