"""Text to vectors for serving: ONNX Runtime, numpy and a tokenizer; no torch.

An encoder folder (written by `export`) holds the transformer's layers as an ONNX graph that starts from word
embeddings, and once more as a faster one for questions. The embedding table, most of a multilingual model, stays in
its file; single rows of it are read.
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
from index.errors import EncoderError

__all__ = ["Encoder", "EncoderError", "OnnxEncoder"]

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Makes texts comparable: the cosine of two vectors is their dot product."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def digest(self) -> str:
        """Equal digests give equal vectors; for an index to remember."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, dimension) of length 1 for questions to be found, in the order given."""

    def encode_queries_fast(self, texts: Sequence[str]) -> Vectors:
        """The same for questions that somebody waits for: sooner, and a little less exact."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, dimension) of length 1 for texts to be found, in the order given."""


class OnnxEncoder:
    """The encoder of a prepared folder. Safe to use from several threads.

    Any text is allowed: an empty one, one with unpaired surrogates (read as U+FFFD), and one too long, of which
    the first `card.max_length` tokens count.
    """

    def __init__(self, card: EncoderCard, model: OnnxModel) -> None:
        self.card = card
        self._served_model = model

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Opens an encoder folder; `threads` share the texts of one call.

        Raises:
            EncoderError: there is no encoder in the folder, or it cannot be used; says how to mend it.
        """
        card = read_encoder_card(folder)
        graph_file = FAST_GRAPH_FILE if FAST_GRAPH_FILE in card.files else EXACT_GRAPH_FILE
        return cls(card, OnnxModel(folder, card.bits, threads, ENCODER_REPAIR_HINT, graph_file))

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return self.card.dimension

    @property
    def digest(self) -> str:
        """Equal digests give equal vectors; for an index to remember."""
        return self.card.digest

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, dimension) of length 1 for questions to be found, in the order given."""
        return self._encode_texts(self._exact_model, self.card.query_prompt, texts)

    def encode_queries_fast(self, texts: Sequence[str]) -> Vectors:
        """The same for questions that somebody waits for: sooner, and a little less exact."""
        return self._encode_texts(self._served_model, self.card.query_prompt, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors (n, dimension) of length 1 for texts to be found, in the order given."""
        return self._encode_texts(self._exact_model, self.card.passage_prompt, texts)

    @cached_property
    def _exact_model(self) -> OnnxModel:
        """Opened only where an index is built, which a bot that answers never does."""
        return self._served_model.with_graph(EXACT_GRAPH_FILE)

    def _encode_texts(self, model: OnnxModel, prompt: str, texts: Sequence[str]) -> Vectors:
        return model([self._input_ids(prompt + text) for text in texts], self.dimension)

    def _input_ids(self, text: str) -> list[int]:
        before, after = self.card.before, self.card.after
        return [*before, *self._served_model.token_ids(text, self.card.max_length - len(before) - len(after)), *after]
