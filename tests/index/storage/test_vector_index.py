"""Nearest vectors: exact for few, by clusters for many."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import IndexUnusable
from index.storage.layout import CLUSTERS_FILE, VECTORS_FILE
from index.storage.vector_index import FaissVectorIndex, write_clusters

COUNT, DIMENSION = 5_000, 64
Vectors = NDArray[np.float32]


def made(count: int, seed: int) -> Vectors:
    """Vectors around 50 centres that they share with every other seed."""
    centres = np.random.default_rng(0).normal(size=(50, DIMENSION))
    chance = np.random.default_rng(seed)
    vectors = centres[chance.integers(0, 50, count)] + chance.normal(size=(count, DIMENSION))
    normed: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return normed


def recall(dense: FaissVectorIndex, vectors: Vectors) -> float:
    """The share of the ten nearest that is found, for 100 queries."""
    queries = made(100, seed=2)
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    found = [dense.find_nearest(query, 400)[0][:10] for query in queries]
    return float(np.mean([len({*one} & {*other}) / 10 for one, other in zip(found, exact.tolist(), strict=True)]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some thousand vectors."""
    np.save(tmp_path / VECTORS_FILE, made(COUNT, seed=1))
    return tmp_path


def test_few_vectors_are_searched_exactly(folder: Path) -> None:
    """Below the limit nothing is written, and the nearest are the nearest, with their cosines."""
    write_clusters(folder, max_exact_vectors=COUNT)
    vectors = np.load(folder / VECTORS_FILE)

    rows, scores = FaissVectorIndex.open_folder(folder).find_nearest(vectors[7], 400)

    assert not (folder / CLUSTERS_FILE).exists()
    assert rows[0] == 7
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=1e-5)
    assert recall(FaissVectorIndex.open_folder(folder), vectors) == 1.0


def test_clusters_find_nearly_all(folder: Path) -> None:
    """Above the limit nearly all of the nearest are found, with nearly their cosines, best first."""
    write_clusters(folder, max_exact_vectors=1_000)
    vectors = np.load(folder / VECTORS_FILE)
    dense = FaissVectorIndex.open_folder(folder)

    rows, scores = dense.find_nearest(vectors[7], 400)

    assert (folder / CLUSTERS_FILE).exists()
    assert len(dense) == COUNT
    assert recall(dense, vectors) >= 0.95
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=0.01)
    assert list(scores) == sorted(scores, reverse=True)


def test_no_row_is_made_up(folder: Path) -> None:
    """Where the clusters read hold fewer vectors than were asked for, fewer are returned."""
    write_clusters(folder, max_exact_vectors=1_000)

    rows, scores = FaissVectorIndex.open_folder(folder).find_nearest(made(1, seed=3)[0], COUNT)

    assert len(rows) == len(scores) == len({*rows.tolist()}) <= COUNT
    assert rows.min() >= 0


@pytest.mark.parametrize(("name", "limit"), [(VECTORS_FILE, COUNT), (CLUSTERS_FILE, 1_000)])
@pytest.mark.parametrize("kept", [0, 20, 1_000])
def test_truncated_file(folder: Path, name: str, limit: int, kept: int) -> None:
    """A file that was cut off is a clear error."""
    write_clusters(folder, max_exact_vectors=limit)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:kept])

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        FaissVectorIndex.open_folder(folder)
