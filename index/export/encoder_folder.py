"""Write a sentence encoder as a folder that OnnxEncoder serves from.

    tokens -> embedding table (embeddings.npy) -> layers, pooling, normalisation (graph.onnx) -> vector

Numbers take 4 bits if the weights were published in 4-bit blocks (the bundled model, without loss), else 8. The
layers are written a second time, faster and less exact, for queries (questions.onnx).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from index.encoder.encoder import OnnxEncoder, Vectors
from index.encoder.model_card import CARD_FILE, FAST_GRAPH_FILE, EncoderCard, write_card_file
from index.encoder.tokenizer import blank_token_ids, special_token_ids
from index.errors import EncoderError
from index.export.model_folder import SAMPLE_TEXTS, FloatModel, StatusCallback, stage_folder, write_model_files

MIN_COSINE = 0.99  # between the vectors of the export and of the original, for every sample text


@dataclass(frozen=True)
class SourceEncoder:
    """A sentence encoder in float32; attributes not listed here are as in EncoderCard.

    Attributes:
        encode_texts: returns the vectors (n, dimension) of n texts, prompts included, at length 1.
    """

    name: str
    revision: str
    model: FloatModel
    dimension: int
    max_length: int
    query_prompt: str
    passage_prompt: str
    pooling: str
    unknown: int | None
    encode_texts: Callable[[Sequence[str]], Vectors]


def write_encoder_folder(source: SourceEncoder, out: Path, progress: StatusCallback) -> Path:
    """Write the folder ``out``, verify it, and replace an existing encoder atomically.

    Args:
        progress: called with the current step in a few words.

    Raises:
        EncoderError: the folder gives other vectors than the source.
    """
    with stage_folder(out) as staging:
        progress("quantising")
        _write_files(source, staging)
        progress("checking")
        _verify_folder(source, staging, progress)
    return out


def _write_files(source: SourceEncoder, folder: Path) -> None:
    bits, files = write_model_files(source.model, folder, [source.query_prompt + text for text in SAMPLE_TEXTS])
    before, after = special_token_ids(source.model.tokenizer)
    card = EncoderCard(
        name=source.name,
        revision=source.revision,
        dimension=source.dimension,
        max_length=source.max_length,
        query_prompt=source.query_prompt,
        passage_prompt=source.passage_prompt,
        pooling=source.pooling,
        bits=bits,
        before=before,
        after=after,
        unknown=source.unknown,
        blank=blank_token_ids(source.model.tokenizer),
        files=files,
    )
    write_card_file(card, folder, CARD_FILE)


def _verify_folder(source: SourceEncoder, folder: Path, progress: StatusCallback) -> None:
    """Compare the folder with its source; a faster graph that gives different vectors is removed again."""
    encoder = OnnxEncoder.load(folder)
    _compare_vectors(source, source.passage_prompt, encoder.encode_passages)
    _compare_vectors(source, source.query_prompt, encoder.encode_queries)
    try:
        _compare_vectors(source, source.query_prompt, partial(encoder.encode_queries, fast=True))
    except EncoderError:
        progress("leaving out the faster graph, which differs from the model")
        (folder / FAST_GRAPH_FILE).unlink()
        remaining_files = {name: digest for name, digest in encoder.card.files.items() if name != FAST_GRAPH_FILE}
        write_card_file(replace(encoder.card, files=remaining_files), folder, CARD_FILE)


def _compare_vectors(source: SourceEncoder, prompt: str, encode: Callable[[Sequence[str]], Vectors]) -> None:
    expected = source.encode_texts([prompt + text for text in SAMPLE_TEXTS])
    cosines = np.sum(expected * encode(SAMPLE_TEXTS), axis=1)
    if (lowest := float(cosines.min())) < MIN_COSINE:
        raise EncoderError(
            f"The export of {source.name} differs from the model: cosine {lowest:.3f} for sample "
            f"{int(cosines.argmin())}, expected {MIN_COSINE} or more; choose another model"
        )
