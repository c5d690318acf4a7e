"""The index in a real PostgreSQL with pgvector: it answers as the one in files, and versions follow each other."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.backends.folder import IndexBackend
from index.backends.pg_publish import publish_version
from index.backends.pgvector import PgBackend
from index.build.builder import BuildResult, IndexSource
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.errors import IndexUnusable
from index.search.live_index import LiveIndex
from index.search.scoring import MAX_NEIGHBOURS
from index.search.searcher import Searcher
from index.storage.layout import VECTORS_FILE
from index.storage.reader import IndexReader, current_folder
from index.storage.vector_index import read_vector_chunks
from knowledge.loader import load_knowledge
from tests.index.build.test_builder import built as built_in_files
from tests.index.build.test_builder import root
from tests.support import postgres
from tests.support.paths import PREPARED, QUESTIONS


def built(folder: Path, encoder: OnnxEncoder, place: IndexBackend) -> BuildResult:
    return place.build_version(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
        lambda doing, done, total: None,
    )


def told(
    opened: IndexReader, encoder: OnnxEncoder, question: str = "Wohin mit dem alten Papier?"
) -> list[tuple[str, float]]:
    return [(hit.target, round(hit.score, 3)) for hit in Searcher(opened, encoder).rank_entries(question, 3)]


@pytest.fixture(scope="session")
def house(postgres_server: str) -> Iterator[PgBackend]:
    """The bot's own index, as it lies in the data folder."""
    url = postgres.database(postgres_server, "house")
    made = PgBackend(url, "main")
    publish_version(made.database, "main", current_folder(PREPARED / "index"), 50_000)
    yield made
    made.close()


def test_answers_as_the_files_do(house: PgBackend, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """The same questions get the same outcome with the same entries, all but one in a hundred."""
    texts = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()][::25]
    here, there = live.current_searcher(), LiveIndex(house, encoder).current_searcher()

    equal = []
    for text in texts:
        one, other = here.search(text), there.search(text)
        equal.append((one.decision, one.shown_ids) == (other.decision, other.shown_ids))

    assert len(texts) > 60
    assert np.mean(equal) >= 0.98


def test_wording_is_the_same(house: PgBackend, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """The postings give every target the same share of the wording."""
    here, there = live.current_searcher().reader, house.open_reader(encoder)

    for question in ("Wer leitet das Backbone?", "Zukunfsträger iniziative", ""):
        assert np.array_equal(
            here.term_overlap_index.term_overlap(question), there.term_overlap_index.term_overlap(question)
        )


def test_entries_and_passages_are_the_same(house: PgBackend, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """Entries in every language and the texts behind vectors are those of the files; what is unknown is an error."""
    here, there = live.current_searcher().reader, house.open_reader(encoder)

    assert there.entries["backbone"] == here.entries["backbone"]
    assert len(there.entries) == len(here.entries)
    assert "nirgends\x00\ud800" not in there.entries
    assert [there.read_passage(row) for row in (0, 5_000)] == [here.read_passage(row) for row in (0, 5_000)]
    with pytest.raises(IndexError):
        there.read_passage(10**8)


def test_words_know_their_language(house: PgBackend, encoder: OnnxEncoder) -> None:
    """The word search meets other forms of a word, by the configuration of each language."""
    words = house.open_reader(encoder).word_index

    assert (
        words.search_entries("Rückgrat-Organisationen", 3) == words.search_entries("rückgrat organisation", 3) != []
    )
    assert words.vocabulary_coverage("Was macht eine Organisation?") == 1.0
    assert words.vocabulary_coverage("Kiedy przyjeżdża pociąg?") < 0.5
    assert words.vocabulary_coverage("") == 0.0


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_no_text_is_syntax(house: PgBackend, encoder: OnnxEncoder, text: str) -> None:
    """Whatever a person types, it is searched for and never run as a query."""
    opened = house.open_reader(encoder)

    opened.word_index.search_entries(text, 5)
    assert 0 <= opened.word_index.vocabulary_coverage(text) <= 1
    assert (opened.term_overlap_index.term_overlap(text) >= 0).all()


@pytest.fixture
def some_vectors(tmp_path: Path) -> Path:
    """The folder of the bot's own index with only some of its vectors, since linking all takes ten seconds."""
    folder = shutil.copytree(current_folder(PREPARED / "index"), tmp_path / "some")
    np.save(folder / VECTORS_FILE, np.load(folder / VECTORS_FILE)[:4_000])
    return folder


def test_many_vectors_are_found_by_their_links(url: str, some_vectors: Path, encoder: OnnxEncoder) -> None:
    """Where there are too many vectors to compare them all, nearly all nearest ones are found by HNSW."""
    place = PgBackend(url, "main", max_exact_vectors=1_000)
    publish_version(place.database, "main", some_vectors, 1_000)
    with psycopg.connect(url) as connection:  # these few PostgreSQL would rather compare one by one
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET enable_seqscan = off')
    place.close()
    there = place.open_reader(encoder).vector_index
    vectors = np.concatenate([*read_vector_chunks(some_vectors / VECTORS_FILE)])
    texts = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()][::60]

    shares = []
    for vector in encoder.encode_queries(texts):
        exact, found = np.argsort(-(vectors @ vector))[:10], there.find_nearest(vector, MAX_NEIGHBOURS)[0]
        shares.append(len({*exact.tolist()} & {*found[:10].tolist()}) / 10)
    plan = place.database.fetch_rows(
        "EXPLAIN SELECT row FROM {schema}.vectors ORDER BY v <#> (SELECT v FROM {schema}.vectors LIMIT 1) LIMIT 400",
        schema=place.current_version(),
    )
    place.close()

    assert not there.is_exact
    assert "vectors_v_idx" in str(plan)
    assert np.mean(shares) >= 0.97


def test_small_folder_is_found_in_as_in_files(folder: Path, encoder: OnnxEncoder, place: PgBackend) -> None:
    """A build puts a folder into PostgreSQL; it is ranked as in files."""
    built_in_files(folder, encoder)

    made = built(folder, encoder, place)

    assert (made.version, made.manifest.entries, place.read_manifest()) == (place.current_version(), 3, made.manifest)
    assert told(place.open_reader(encoder), encoder) == told(
        LiveIndex(root(folder), encoder).current_searcher().reader, encoder
    )


def test_unchanged_texts_are_not_embedded_again(folder: Path, encoder: OnnxEncoder, place: PgBackend) -> None:
    """The vectors of unchanged texts are taken from the version before, and are the same."""
    first = built(folder, encoder, place)
    second = built(folder, encoder, place)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    third = built(folder, encoder, place)

    assert (first.embedded_count > 3, second.embedded_count, third.embedded_count) == (True, 0, 1)
    assert second.manifest == first.manifest
    assert told(place.open_reader(encoder), encoder, "Wo stelle ich mein Rad ab?")[0][0] == "rad"


def test_running_bot_takes_the_new_version(folder: Path, encoder: OnnxEncoder, place: PgBackend) -> None:
    """A new version is in use with the next question; who reads the one before goes on until then."""
    built(folder, encoder, place)
    live = LiveIndex(place, encoder)
    before = live.current_searcher()
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")

    built(folder, encoder, place)

    assert before.rank_entries("Wohin mit dem alten Papier?", 1)[0].target == "muell"
    assert live.current_searcher().rank_entries("Wo stelle ich mein Rad ab?", 1)[0].target == "rad"


def test_questions_during_a_switch(folder: Path, encoder: OnnxEncoder, place: PgBackend) -> None:
    """Questions that are asked while versions are put in use are all answered, with one version or the next."""
    built(folder, encoder, place)
    live, done, answers, failed = LiveIndex(place, encoder), threading.Event(), list[str](), list[BaseException]()

    def ask() -> None:
        try:
            while not done.is_set() or not answers:
                answers.append(live.current_searcher().rank_entries("Wohin mit dem alten Papier?", 1)[0].target)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    built(folder, encoder, place)
    done.set()
    for thread in threads:
        thread.join()

    assert failed == []
    assert {*answers} == {"muell"}


def test_old_versions_are_dropped(folder: Path, encoder: OnnxEncoder, place: PgBackend, url: str) -> None:
    """Of a name the version in use and the one before are kept."""
    made = [built(folder, encoder, place).version for _ in range(3)]

    with psycopg.connect(url) as connection:
        kept = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gw\\_index\\__%'").fetchall()

    assert sorted(name for (name,) in kept) == sorted(made[1:])


def test_a_build_that_fails_leaves_nothing(folder: Path, encoder: OnnxEncoder, place: PgBackend, url: str) -> None:
    """When a build breaks off, the version before stays in use and nothing of the new one is left."""
    first = built(folder, encoder, place)
    built_in_files(folder, encoder)
    broken = current_folder(root(folder))
    (broken / "vectors.npy").write_bytes((broken / "vectors.npy").read_bytes()[:-100])

    with pytest.raises(ValueError, match="mmap"):
        publish_version(place.database, "main", broken, 50_000)

    assert place.current_version() == first.version
    with psycopg.connect(url) as connection:
        kept = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'gw\\_index\\__%'").fetchone()
    assert kept == (1,)


def test_two_names_do_not_mix(folder: Path, encoder: OnnxEncoder, place: PgBackend, url: str) -> None:
    """Several bots keep their indexes in one database, each under its name."""
    other = PgBackend(url, "verein")
    built(folder, encoder, place)
    with pytest.raises(IndexUnusable, match="There is no index verein in PostgreSQL"):
        other.current_version()

    for _ in range(3):
        (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
        built(folder, encoder, other)

    assert (len(place.open_reader(encoder).entries), len(other.open_reader(encoder).entries)) == (3, 4)
    other.close()
