"""The vectors in PostgreSQL answer as those in FAISS."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from index.encoder import OnnxEncoder
from index.errors import IndexUnusable
from index.live import LiveIndex
from index.pgvector import PgVectors, in_use, publish
from index.search import Searcher
from tests import postgres

QUESTIONS = Path(__file__).parents[1] / "data" / "questions.jsonl"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The socket folder of a running server."""
    with postgres.server() as folder:
        yield folder


@pytest.fixture
def url(postgres_server: str) -> str:
    """An empty database."""
    return postgres.database(postgres_server, f"t{uuid4().hex}")


def test_outcomes_are_equal(url: str, live: LiveIndex, encoder: OnnxEncoder) -> None:
    """The same questions get the same outcome from both."""
    opened = live.searcher().opened
    texts = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()][::40]
    publish(opened.folder, url)

    other = Searcher(replace(opened, dense=PgVectors(opened.folder, url)), encoder)

    equal = [type(other.search(text)) is type(live.searcher().search(text)) for text in texts]
    assert np.mean(equal) == 1
    assert in_use(url) == opened.folder.name


def test_a_broken_connection_is_a_clear_error() -> None:
    """Where no server answers, the error says so and shows no address."""
    with pytest.raises(IndexUnusable, match="PostgreSQL cannot be used") as caught:
        in_use("host=/nowhere password=secret")

    assert "secret" not in str(caught.value)


def test_a_switch_leaves_readers_the_version_before(url: str, live: LiveIndex, tmp_path: Path) -> None:
    """Who reads the version before goes on reading it after another one was put in use."""
    opened = live.searcher().opened
    publish(opened.folder, url)
    before = PgVectors(opened.folder, url)
    newer = tmp_path / "v-newer"
    newer.mkdir()
    np.save(newer / "vectors.npy", np.eye(2, opened.manifest.dimension, dtype=np.float16))

    publish(newer, url)

    assert in_use(url) == "v-newer"
    assert len(PgVectors(newer, url)) == 2
    assert len(before.similarities(np.ones(opened.manifest.dimension, np.float32))) == len(opened.dense)
