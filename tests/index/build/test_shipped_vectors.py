"""The vectors of the built-in knowledge that ship with the package."""

from pathlib import Path

import numpy as np

from index.build.embeddings import EmbeddingCache, write_shipped_vectors
from index.encoder.encoder import OnnxEncoder
from index.storage.entry_store import read_passages
from index.storage.exact_vectors import round_vectors
from index.storage.layout import KEYS_FILE, QUESTION_KINDS, ROWS_FILE
from tests.support.paths import PREPARED

CURRENT = PREPARED / "index" / "current"


def test_most_texts_have_a_vector(encoder: OnnxEncoder) -> None:
    """At least nine in ten texts of the built-in knowledge have a shipped vector; if not, run `make vectors`."""
    positions = EmbeddingCache.open_shipped(encoder).find_positions(np.load(CURRENT / KEYS_FILE))

    assert (positions >= 0).mean() >= 0.9


def test_vectors_are_those_of_the_encoder(encoder: OnnxEncoder) -> None:
    """A shipped vector points where the one that the encoder computes does; if not, run `make vectors`."""
    cache = EmbeddingCache.open_shipped(encoder)
    positions, kinds = cache.find_positions(np.load(CURRENT / KEYS_FILE)), np.load(CURRENT / ROWS_FILE)["kind"]
    texts = [text for _, text in read_passages(CURRENT)]

    for row in np.flatnonzero(positions >= 0)[::1600].tolist():
        encode = encoder.encode_queries if kinds[row] in QUESTION_KINDS else encoder.encode_passages
        shipped = cache.fetch_vectors(positions[[row]])[0]
        assert encode([texts[row]])[0] @ shipped / np.linalg.norm(shipped) > 0.9999


def test_search_compares_with_the_same_integers(encoder: OnnxEncoder) -> None:
    """Rounding a shipped vector once more changes nothing: the index built from it is the one that it came from."""
    cache = EmbeddingCache.open_shipped(encoder)
    positions = cache.find_positions(np.load(CURRENT / KEYS_FILE))
    shipped = cache.fetch_vectors(positions[positions >= 0][::100])

    scales, integers = round_vectors(shipped.astype(np.float16).astype(np.float32))

    assert np.abs(integers * scales[:, None] - shipped).max() < 1e-3
    assert np.array_equal(integers, round_vectors(shipped)[1])


def test_another_model(encoder: OnnxEncoder, tmp_path: Path) -> None:
    """Vectors of another model are not used."""
    path, other = tmp_path / "vectors.npz", OnnxEncoder.load(PREPARED / "encoder")
    other.revision = "another"
    written_count = write_shipped_vectors(CURRENT, other, path)

    keys = np.load(CURRENT / KEYS_FILE)

    assert written_count == len(np.unique(keys))
    assert (EmbeddingCache.open_shipped(other, path).find_positions(keys) >= 0).all()
    assert (EmbeddingCache.open_shipped(encoder, path).find_positions(keys) < 0).all()
