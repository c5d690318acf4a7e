"""The default model under torch, and its way through an ordinary folder to an encoder again."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.encoder.encoder import OnnxEncoder
from index.export.bundled_encoder import load_bundled_encoder
from index.export.encoder_folder import SourceEncoder
from index.export.from_torch.bundled_model import load_bundled_model, save_bundled_model
from index.export.from_torch.encoder_export import export_encoder
from tests.support.missing_tools import needs_torch
from tests.support.texts import TEXTS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = needs_torch
SOME_TEXTS = TEXTS[::3]  # in each of the languages


@pytest.fixture(scope="module")
def source() -> SourceEncoder:
    """The bundled model in float32, built without torch and without its adapter."""
    return load_bundled_encoder(adapter=None)


@pytest.fixture(scope="module")
def model() -> "SentenceTransformer":
    """The bundled model under torch."""
    return load_bundled_model()


def test_same_vectors_as_without_torch(model: "SentenceTransformer", source: SourceEncoder) -> None:
    """The model gives the vectors of the graph that was built without torch."""
    queries = source.encode_texts([source.query_prompt + text for text in SOME_TEXTS])
    passages = source.encode_texts([source.passage_prompt + text for text in SOME_TEXTS])

    assert np.sum(model.encode_query(list(SOME_TEXTS)) * queries, axis=1).min() >= 0.9999
    assert np.sum(model.encode_document(list(SOME_TEXTS)) * passages, axis=1).min() >= 0.9999


def test_saved_folder_becomes_an_encoder(tmp_path: Path, source: SourceEncoder) -> None:
    """Saved as a sentence-transformers folder and exported, it is the same encoder, but for its rounding."""
    folder = save_bundled_model(tmp_path / "model")

    exported = OnnxEncoder.load(export_encoder(str(folder), tmp_path / "encoder"))
    passages = source.encode_texts([source.passage_prompt + text for text in SOME_TEXTS])

    assert (exported.card.query_prompt, exported.card.passage_prompt) == ("query: ", "passage: ")
    assert (exported.card.bits, exported.card.before, exported.card.after) == (4, (0,), (2,))
    assert np.sum(exported.encode_passages(SOME_TEXTS) * passages, axis=1).min() >= 0.999
