"""Nearest vectors: an exact search for few vectors, clusters for many."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import IndexUnusable
from index.storage.exact_vectors import split_queries
from index.storage.layout import CLUSTERS_FILE, PRODUCTS_FILE, VECTORS_FILE
from index.storage.reader import VectorIndex
from index.storage.vector_index import open_vector_index, write_vector_index

COUNT, DIMENSION = 5_000, 64
Vectors = NDArray[np.float32]


def make_vectors(count: int, seed: int) -> Vectors:
    """Return vectors around 50 centres, which are the same for every seed."""
    centres = np.random.default_rng(0).normal(size=(50, DIMENSION))
    rng = np.random.default_rng(seed)
    vectors = centres[rng.integers(0, 50, count)] + rng.normal(size=(count, DIMENSION))
    normed: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return normed


def measure_recall(vector_index: VectorIndex, vectors: Vectors) -> float:
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


def test_few_vectors_are_all_compared(folder: Path) -> None:
    """Below the limit no clusters are written, and the nearest are found with their cosines, best first."""
    write_vector_index(folder, max_exact_vectors=COUNT)
    vectors = np.load(folder / VECTORS_FILE)
    vector_index = open_vector_index(folder)

    rows, scores = vector_index.find_nearest(vectors[7], 400)

    assert not (folder / CLUSTERS_FILE).exists()
    assert vector_index.is_exact
    assert len(vector_index) == COUNT
    assert rows[0] == 7
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=0.003)
    assert list(scores) == sorted(scores, reverse=True)
    assert measure_recall(vector_index, vectors) >= 0.98


def test_all_similarities_of_two_queries(folder: Path) -> None:
    """Queries are compared with all rows nearly, and with some exactly."""
    write_vector_index(folder)
    vectors, queries = np.load(folder / VECTORS_FILE), make_vectors(2, seed=3)
    vector_index = open_vector_index(folder)

    errors = vector_index.compute_similarities(queries) - queries @ vectors.T

    assert errors.shape == (2, COUNT)
    assert errors.std() < 0.001
    assert vector_index.compute_similarities(queries, slice(5, 9)) == pytest.approx(
        queries @ vectors[5:9].T, abs=1e-6
    )


def test_fewer_vectors_than_requested(tmp_path: Path) -> None:
    """A handful of vectors, among them one of zeros, are all found."""
    np.save(tmp_path / VECTORS_FILE, np.vstack([make_vectors(3, seed=1), np.zeros((1, DIMENSION), np.float32)]))
    write_vector_index(tmp_path)

    rows, scores = open_vector_index(tmp_path).find_nearest(make_vectors(1, seed=2)[0], 400)

    assert sorted(rows) == [0, 1, 2, 3]
    assert scores[list(rows).index(3)] == 0


def test_split_queries() -> None:
    """The parts of a query add up to it, to 15 bits; also those of a query of zeros."""
    queries = np.vstack([make_vectors(3, seed=2), np.zeros((1, DIMENSION), np.float32)])

    parts, weights = split_queries(queries)

    step = float(np.abs(queries).max()) / 2**15
    assert weights @ (parts.astype(np.float32) - 128) == pytest.approx(queries, abs=step)


def test_clusters_find_nearly_all(folder: Path) -> None:
    """Above the limit nearly all of the nearest are found, with nearly their cosines, best first."""
    write_vector_index(folder, max_exact_vectors=1_000)
    vectors = np.load(folder / VECTORS_FILE)
    vector_index = open_vector_index(folder)

    rows, scores = vector_index.find_nearest(vectors[7], 400)

    assert (folder / CLUSTERS_FILE).exists()
    assert len(vector_index) == COUNT
    assert measure_recall(vector_index, vectors) >= 0.95
    assert scores == pytest.approx(vectors[rows] @ vectors[7], abs=0.01)
    assert list(scores) == sorted(scores, reverse=True)


def test_fewer_rows_than_requested(folder: Path) -> None:
    """If the searched clusters have fewer vectors than requested, fewer are returned."""
    write_vector_index(folder, max_exact_vectors=1_000)

    rows, scores = open_vector_index(folder).find_nearest(make_vectors(1, seed=3)[0], COUNT)

    assert len(rows) == len(scores) == len({*rows.tolist()}) <= COUNT
    assert rows.min() >= 0


@pytest.mark.parametrize(("name", "limit"), [(VECTORS_FILE, COUNT), (PRODUCTS_FILE, COUNT), (CLUSTERS_FILE, 1_000)])
@pytest.mark.parametrize("length", [0, 20, 1_000])
def test_truncated_file(folder: Path, name: str, limit: int, length: int) -> None:
    """A truncated file is a clear error."""
    write_vector_index(folder, max_exact_vectors=limit)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:length])

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        open_vector_index(folder)
