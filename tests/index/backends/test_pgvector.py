"""The index in a real PostgreSQL with pgvector: it answers like the one in files, and versions replace each other."""

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
from index.backends.pgvector import MAX_COMPARED_VECTORS, PgBackend
from index.build.builder import BuildResult, IndexSource
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.errors import IndexUnusable
from index.evaluation.dataset import LABELLED_QUESTIONS
from index.search.live_index import LiveIndex
from index.search.scoring import MAX_NEIGHBOURS
from index.search.searcher import Searcher
from index.storage.layout import VECTORS_FILE
from index.storage.reader import IndexReader, current_folder
from index.storage.vector_index import read_vector_chunks
from knowledge.loader import load_knowledge
from tests.index.build.test_builder import build as build_in_files
from tests.index.build.test_builder import root
from tests.support import postgres
from tests.support.paths import PREPARED


def build(folder: Path, encoder: OnnxEncoder, backend: IndexBackend) -> BuildResult:
    return backend.build_version(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
        lambda phase, done, total: None,
    )


def ranking(
    opened: IndexReader, encoder: OnnxEncoder, question: str = "Wohin mit dem alten Papier?"
) -> list[tuple[str, float]]:
    return [(hit.target, round(hit.score, 3)) for hit in Searcher(opened, encoder).rank_entries(question, 3)]


@pytest.fixture(scope="session")
def built_in_index(postgres_server: str) -> Iterator[PgBackend]:
    """The bot's own index from the data folder, in PostgreSQL."""
    url = postgres.database(postgres_server)
    backend = PgBackend(url, "main")
    publish_version(backend.database, "main", current_folder(PREPARED / "index"), MAX_COMPARED_VECTORS)
    yield backend
    backend.close()


def test_answers_are_those_of_the_files(built_in_index: PgBackend, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """Questions get the same decision with the same entries, with at most one exception in fifty."""
    texts = [json.loads(line)["question"] for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()][::120]
    in_files, in_postgres = live.current_searcher(), LiveIndex(built_in_index, encoder).current_searcher()

    equal = []
    for text in texts:
        first, second = in_files.search(text), in_postgres.search(text)
        equal.append((first.decision, first.shown_ids) == (second.decision, second.shown_ids))

    assert len(texts) > 50
    assert np.mean(equal) >= 0.98


def test_term_overlap_is_the_same(built_in_index: PgBackend, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """The postings give every target the same term overlap."""
    in_files, in_postgres = live.current_searcher().reader, built_in_index.open_reader(encoder)

    for question in ("Wer leitet das Backbone?", "Zukunfsträger iniziative", ""):
        assert np.array_equal(
            in_files.term_overlap_index.term_overlap(question), in_postgres.term_overlap_index.term_overlap(question)
        )


def test_entries_and_passages_are_the_same(built_in_index: PgBackend, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """Entries in every language and the texts behind vectors are those of the files; an unknown one is an error."""
    in_files, in_postgres = live.current_searcher().reader, built_in_index.open_reader(encoder)

    assert in_postgres.entries["backbone"] == in_files.entries["backbone"]
    assert len(in_postgres.entries) == len(in_files.entries)
    assert "nirgends\x00\ud800" not in in_postgres.entries
    assert [in_postgres.read_passage(row) for row in (0, 5_000)] == [in_files.read_passage(row) for row in (0, 5_000)]
    with pytest.raises(IndexError):
        in_postgres.read_passage(10**8)


def test_word_search_depends_on_the_language(built_in_index: PgBackend, encoder: OnnxEncoder) -> None:
    """The word search finds other forms of a word, with the configuration of each language."""
    words = built_in_index.open_reader(encoder).word_index

    assert (
        words.search_entries("Rückgrat-Organisationen", 3) == words.search_entries("rückgrat organisation", 3) != []
    )
    assert words.vocabulary_coverage("Was macht eine Organisation?") == 1.0
    assert words.vocabulary_coverage("Kiedy przyjeżdża pociąg?") < 0.5
    assert words.vocabulary_coverage("") == 0.0


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_text_is_never_syntax(built_in_index: PgBackend, encoder: OnnxEncoder, text: str) -> None:
    """Whatever a person types is searched for, and never executed as a query."""
    reader = built_in_index.open_reader(encoder)

    reader.word_index.search_entries(text, 5)
    assert 0 <= reader.word_index.vocabulary_coverage(text) <= 1
    assert (reader.term_overlap_index.term_overlap(text) >= 0).all()


@pytest.fixture
def part_of_index(tmp_path: Path) -> Path:
    """A copy of the bot's own index with 4,000 of its vectors, because linking all of them takes ten seconds."""
    folder = shutil.copytree(current_folder(PREPARED / "index"), tmp_path / "some")
    np.save(folder / VECTORS_FILE, np.load(folder / VECTORS_FILE)[:4_000])
    return folder


def test_many_vectors_are_searched_by_hnsw(url: str, part_of_index: Path, encoder: OnnxEncoder) -> None:
    """If there are too many vectors to compare them all, HNSW finds nearly all of the nearest."""
    backend = PgBackend(url, "main", max_exact_vectors=1_000)
    publish_version(backend.database, "main", part_of_index, 1_000)
    with psycopg.connect(url) as connection:  # PostgreSQL would rather compare so few one by one
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET enable_seqscan = off')
    backend.close()
    in_postgres = backend.open_reader(encoder).vector_index
    vectors = np.concatenate([*read_vector_chunks(part_of_index / VECTORS_FILE)])
    texts = [json.loads(line)["question"] for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()][::60]

    shares = []
    for vector in encoder.encode_queries(texts):
        exact, found = np.argsort(-(vectors @ vector))[:10], in_postgres.find_nearest(vector, MAX_NEIGHBOURS)[0]
        shares.append(len({*exact.tolist()} & {*found[:10].tolist()}) / 10)
    plan = backend.database.fetch_rows(
        "EXPLAIN SELECT row FROM {schema}.vectors ORDER BY v <#> (SELECT v FROM {schema}.vectors LIMIT 1) LIMIT 400",
        schema=backend.current_version(),
    )
    backend.close()

    assert not in_postgres.is_exact
    assert "vectors_v_idx" in str(plan)
    assert np.mean(shares) >= 0.97


def test_small_folder_is_ranked_as_in_files(folder: Path, encoder: OnnxEncoder, backend: PgBackend) -> None:
    """A folder that is built in PostgreSQL is ranked as in files."""
    build_in_files(folder, encoder)

    result = build(folder, encoder, backend)

    assert (result.version, result.manifest.entries, backend.read_manifest()) == (
        backend.current_version(),
        3,
        result.manifest,
    )
    assert ranking(backend.open_reader(encoder), encoder) == ranking(
        LiveIndex(root(folder), encoder).current_searcher().reader, encoder
    )


def test_unchanged_texts_are_not_embedded_again(folder: Path, encoder: OnnxEncoder, backend: PgBackend) -> None:
    """The vectors of unchanged texts are taken from the previous version, and are the same."""
    first = build(folder, encoder, backend)
    second = build(folder, encoder, backend)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    third = build(folder, encoder, backend)

    assert (first.embedded_count > 3, second.embedded_count, third.embedded_count) == (True, 0, 1)
    assert second.manifest == first.manifest
    assert ranking(backend.open_reader(encoder), encoder, "Wo stelle ich mein Rad ab?")[0][0] == "rad"


def test_running_bot_uses_the_new_version(folder: Path, encoder: OnnxEncoder, backend: PgBackend) -> None:
    """A new version is used from the next question on; a search in the previous one can be completed."""
    build(folder, encoder, backend)
    live = LiveIndex(backend, encoder)
    before = live.current_searcher()
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")

    build(folder, encoder, backend)

    assert before.rank_entries("Wohin mit dem alten Papier?", 1)[0].target == "muell"
    assert live.current_searcher().rank_entries("Wo stelle ich mein Rad ab?", 1)[0].target == "rad"


def test_questions_during_a_switch(folder: Path, encoder: OnnxEncoder, backend: PgBackend) -> None:
    """Questions asked while versions are switched are all answered, with one version or the other."""
    build(folder, encoder, backend)
    live, done, answers, failed = LiveIndex(backend, encoder), threading.Event(), list[str](), list[BaseException]()

    def ask() -> None:
        try:
            while not done.is_set() or not answers:
                answers.append(live.current_searcher().rank_entries("Wohin mit dem alten Papier?", 1)[0].target)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    build(folder, encoder, backend)
    done.set()
    for thread in threads:
        thread.join()

    assert failed == []
    assert {*answers} == {"muell"}


def test_old_versions_are_dropped(folder: Path, encoder: OnnxEncoder, backend: PgBackend, url: str) -> None:
    """The version in use and the previous one are kept, older ones are dropped."""
    versions = [build(folder, encoder, backend).version for _ in range(3)]

    with psycopg.connect(url) as connection:
        remaining = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gw\\_index\\__%'"
        ).fetchall()

    assert sorted(name for (name,) in remaining) == sorted(versions[1:])


def test_failed_build_leaves_nothing(folder: Path, encoder: OnnxEncoder, backend: PgBackend, url: str) -> None:
    """When a build fails, the previous version stays in use and nothing of the new one remains."""
    first = build(folder, encoder, backend)
    build_in_files(folder, encoder)
    broken = current_folder(root(folder))
    (broken / "vectors.npy").write_bytes((broken / "vectors.npy").read_bytes()[:-100])

    with pytest.raises(ValueError, match="mmap"):
        publish_version(backend.database, "main", broken, MAX_COMPARED_VECTORS)

    assert backend.current_version() == first.version
    with psycopg.connect(url) as connection:
        remaining = connection.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'gw\\_index\\__%'"
        ).fetchone()
    assert remaining == (1,)


def test_two_names_do_not_mix(folder: Path, encoder: OnnxEncoder, backend: PgBackend, url: str) -> None:
    """Several bots have their indexes in one database, each under its own name."""
    other = PgBackend(url, "verein")
    build(folder, encoder, backend)
    with pytest.raises(IndexUnusable, match="There is no index verein in PostgreSQL"):
        other.current_version()

    for _ in range(3):
        (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
        build(folder, encoder, other)

    assert (len(backend.open_reader(encoder).entries), len(other.open_reader(encoder).entries)) == (3, 4)
    other.close()
