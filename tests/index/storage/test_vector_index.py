"""Nearest vectors: an exact search for few vectors, clusters for many."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import IndexUnusable
from index.storage.layout import CLUSTERS_FILE, VECTORS_FILE
from index.storage.vector_index import FaissVectorIndex, write_clusters

COUNT, DIMENSION = 5_000, 64
Vectors = NDArray[np.float32]


def make_vectors(count: int, seed: int) -> Vectors:
    """Return vectors around 50 centres, which are the same for every seed."""
    centres = np.random.default_rng(0).normal(size=(50, DIMENSION))
    rng = np.random.default_rng(seed)
    vectors = centres[rng.integers(0, 50, count)] + rng.normal(size=(count, DIMENSION))
    normed: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return normed


def measure_recall(vector_index: FaissVectorIndex, vectors: Vectors) -> float:
    """Return the share of the ten nearest vectors that is found, over 100 queries."""
    queries = make_vectors(100, seed=2)
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    found = [vector_index.find_nearest(query, 400)[0][:10] for query in queries]
    return float(
        np.mean([len({*rows} & {*nearest}) / 10 for rows, nearest in zip(found, exact.tolist(), strict=True)])
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some thousand vectors."""
    np.save(tmp_path / VECTORS_FILE, make_vectors(COUNT, seed=1))
    return tmp_path


def test_few_vectors_are_searched_exactly(folder: Path) -> None:
    """Below the limit no clusters are written, and the search is exact, with the cosines."""
    write_clusters(folder, max_exact_vectors=COUNT)
    vectors = np.load(folder / VECTORS_FILE)

    rows, scores = FaissVectorIndex.open_folder(folder).find_nearest(vectors[7], 400)

    assert not (folder / CLUSTERS_FILE).exists()
    assert rows[0] == 7
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=1e-5)
    assert measure_recall(FaissVectorIndex.open_folder(folder), vectors) == 1.0


def test_clusters_find_nearly_all(folder: Path) -> None:
    """Above the limit nearly all of the nearest are found, with nearly their cosines, best first."""
    write_clusters(folder, max_exact_vectors=1_000)
    vectors = np.load(folder / VECTORS_FILE)
    vector_index = FaissVectorIndex.open_folder(folder)

    rows, scores = vector_index.find_nearest(vectors[7], 400)

    assert (folder / CLUSTERS_FILE).exists()
    assert len(vector_index) == COUNT
    assert measure_recall(vector_index, vectors) >= 0.95
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=0.01)
    assert list(scores) == sorted(scores, reverse=True)


def test_fewer_rows_than_requested(folder: Path) -> None:
    """If the searched clusters have fewer vectors than requested, fewer are returned."""
    write_clusters(folder, max_exact_vectors=1_000)

    rows, scores = FaissVectorIndex.open_folder(folder).find_nearest(make_vectors(1, seed=3)[0], COUNT)

    assert len(rows) == len(scores) == len({*rows.tolist()}) <= COUNT
    assert rows.min() >= 0


@pytest.mark.parametrize(("name", "limit"), [(VECTORS_FILE, COUNT), (CLUSTERS_FILE, 1_000)])
@pytest.mark.parametrize("length", [0, 20, 1_000])
def test_truncated_file(folder: Path, name: str, limit: int, length: int) -> None:
    """A truncated file is a clear error."""
    write_clusters(folder, max_exact_vectors=limit)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:length])

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        FaissVectorIndex.open_folder(folder)
