"""Encode texts as vectors with ONNX Runtime, numpy and a tokenizer, without torch.

An encoder folder (written by index/export) contains the layers of a transformer as an ONNX graph that starts from
word embeddings, and a second, faster graph for queries. The embedding table, most of a multilingual model, stays on
disk, and single rows of it are read.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from index.encoder.model_card import (
    ENCODER_REPAIR_HINT,
    EXACT_GRAPH_FILE,
    FAST_GRAPH_FILE,
    EncoderCard,
    read_encoder_card,
)
from index.encoder.onnx_model import OnnxModel

Vectors = NDArray[np.float32]  # (n, dimension)


class EncoderIdentity(Protocol):
    """Which encoder it is; also known by its card alone."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def digest(self) -> str:
        """Equal digests mean equal vectors; stored with an index."""


class Encoder(EncoderIdentity, Protocol):
    """Encodes texts as vectors of length 1, whose dot product is their cosine similarity."""

    @property
    def revision(self) -> str:
        """The version of the model's weights, see EncoderCard."""

    @property
    def dimension(self) -> int:
        """Numbers per vector."""

    def encode_queries(self, texts: Sequence[str], *, fast: bool = False) -> Vectors:
        """Return vectors (n, dimension) of queries, in order; with ``fast`` sooner, but slightly less exact."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return vectors (n, dimension) of passages, in order."""


class OnnxEncoder:
    """The encoder of a prepared folder; thread-safe.

    Any text is accepted: unpaired surrogates are read as U+FFFD, and a text is truncated to `card.max_length` tokens.
    """

    def __init__(self, card: EncoderCard, model: OnnxModel) -> None:
        self.card, self._fast_model = card, model
        self.name, self.revision = card.name, card.revision
        self.dimension, self.digest = card.dimension, card.digest

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Open an encoder folder; the texts of one call are distributed over `threads`.

        Raises:
            EncoderError: there is no encoder in the folder, or it cannot be used.
        """
        card = read_encoder_card(folder)
        graph_file = FAST_GRAPH_FILE if FAST_GRAPH_FILE in card.files else EXACT_GRAPH_FILE
        return cls(card, OnnxModel(folder, card.bits, threads, ENCODER_REPAIR_HINT, graph_file))

    def encode_queries(self, texts: Sequence[str], *, fast: bool = False) -> Vectors:
        """Return vectors (n, dimension) of queries, in order; with ``fast`` sooner, but slightly less exact."""
        return self._encode_texts(self._fast_model if fast else self._exact_model, self.card.query_prompt, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return vectors (n, dimension) of passages, in order."""
        return self._encode_texts(self._exact_model, self.card.passage_prompt, texts)

    @cached_property
    def _exact_model(self) -> OnnxModel:
        """Loaded on first use, because a bot that only answers never builds an index."""
        return self._fast_model.with_graph(EXACT_GRAPH_FILE)

    def _encode_texts(self, model: OnnxModel, prompt: str, texts: Sequence[str]) -> Vectors:
        return model([self._input_ids(prompt + text) for text in texts], self.dimension)

    def _input_ids(self, text: str) -> list[int]:
        before, after = self.card.before, self.card.after
        return [*before, *self._fast_model.token_ids(text, self.card.max_length - len(before) - len(after)), *after]
