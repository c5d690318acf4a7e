"""Nearest vectors: exact for few, by clusters for many."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import IndexUnusable
from index.storage.layout import CLUSTERS, FLOATS
from index.storage.vector_index import Dense, cluster

COUNT, DIMENSION = 5_000, 64
Vectors = NDArray[np.float32]


def made(count: int, seed: int) -> Vectors:
    """Vectors around 50 centres that they share with every other seed."""
    centres = np.random.default_rng(0).normal(size=(50, DIMENSION))
    chance = np.random.default_rng(seed)
    vectors = centres[chance.integers(0, 50, count)] + chance.normal(size=(count, DIMENSION))
    normed: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return normed


def recall(dense: Dense, vectors: Vectors) -> float:
    """The share of the ten nearest that is found, for 100 queries."""
    queries = made(100, seed=2)
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    found = [dense.nearest(query, 400)[0][:10] for query in queries]
    return float(np.mean([len({*one} & {*other}) / 10 for one, other in zip(found, exact.tolist(), strict=True)]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some thousand vectors."""
    np.save(tmp_path / FLOATS, made(COUNT, seed=1))
    return tmp_path


def test_few_vectors_are_searched_exactly(folder: Path) -> None:
    """Below the limit nothing is written, and the nearest are the nearest, with their cosines."""
    cluster(folder, exact_up_to=COUNT)
    vectors = np.load(folder / FLOATS)

    rows, scores = Dense.open(folder).nearest(vectors[7], 400)

    assert not (folder / CLUSTERS).exists()
    assert rows[0] == 7
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=1e-5)
    assert recall(Dense.open(folder), vectors) == 1.0


def test_clusters_find_nearly_all(folder: Path) -> None:
    """Above the limit nearly all of the nearest are found, with nearly their cosines, best first."""
    cluster(folder, exact_up_to=1_000)
    vectors = np.load(folder / FLOATS)
    dense = Dense.open(folder)

    rows, scores = dense.nearest(vectors[7], 400)

    assert (folder / CLUSTERS).exists()
    assert len(dense) == COUNT
    assert recall(dense, vectors) >= 0.95
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=0.01)
    assert list(scores) == sorted(scores, reverse=True)


def test_no_row_is_made_up(folder: Path) -> None:
    """Where the clusters read hold fewer vectors than were asked for, fewer are returned."""
    cluster(folder, exact_up_to=1_000)

    rows, scores = Dense.open(folder).nearest(made(1, seed=3)[0], COUNT)

    assert len(rows) == len(scores) == len({*rows.tolist()}) <= COUNT
    assert rows.min() >= 0


@pytest.mark.parametrize(("name", "limit"), [(FLOATS, COUNT), (CLUSTERS, 1_000)])
@pytest.mark.parametrize("kept", [0, 20, 1_000])
def test_truncated_file(folder: Path, name: str, limit: int, kept: int) -> None:
    """A file that was cut off is a clear error."""
    cluster(folder, exact_up_to=limit)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:kept])

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        Dense.open(folder)
