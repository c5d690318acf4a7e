"""The default model under torch, and its way through an ordinary folder to an encoder again."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.encoder.encoder import OnnxEncoder
from index.export.bundled_encoder import prepare_bundled_encoder
from index.export.from_torch.bundled_model import load_bundled_model, save_bundled_model
from index.export.from_torch.encoder_export import export_encoder
from tests.support.missing_tools import needs_torch
from tests.support.texts import TEXTS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = needs_torch


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    """The bundled model prepared without torch and without its adapter."""
    return OnnxEncoder.load(prepare_bundled_encoder(tmp_path_factory.mktemp("plain") / "encoder", adapter=None))


@pytest.fixture(scope="module")
def model() -> "SentenceTransformer":
    """The bundled model under torch."""
    return load_bundled_model()


def test_same_vectors_as_the_served_encoder(model: "SentenceTransformer", encoder: OnnxEncoder) -> None:
    """The model gives the vectors of the prepared encoder, whose graph was built without torch."""
    queries = np.sum(model.encode_query(list(TEXTS)) * encoder.encode_queries(TEXTS), axis=1)
    passages = np.sum(model.encode_document(list(TEXTS)) * encoder.encode_passages(TEXTS), axis=1)

    assert min(queries.min(), passages.min()) >= 0.999


def test_saved_folder_becomes_an_encoder(tmp_path: Path, encoder: OnnxEncoder) -> None:
    """Saved as a sentence-transformers folder and exported, it is the same encoder, vector by vector."""
    folder = save_bundled_model(tmp_path / "model")

    exported = OnnxEncoder.load(export_encoder(str(folder), tmp_path / "encoder"))

    assert (exported.card.query_prompt, exported.card.passage_prompt) == ("query: ", "passage: ")
    assert (exported.card.bits, exported.card.before, exported.card.after) == (4, (0,), (2,))
    assert np.sum(exported.encode_passages(TEXTS) * encoder.encode_passages(TEXTS), axis=1).min() > 0.9999
