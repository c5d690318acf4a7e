"""Score question and passage pairs with a cross-encoder, served like the encoder without torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.encoder.model_card import CROSS_ENCODER_CARD_FILE, CrossEncoderCard, read_card_file
from index.encoder.onnx_model import OnnxModel

CROSS_ENCODER_REPAIR_HINT = "run: gwbot model prepare NAME --cross-encoder"


class CrossEncoder:
    """The cross-encoder of a prepared folder; thread-safe."""

    def __init__(self, card: CrossEncoderCard, model: OnnxModel) -> None:
        self.card = card
        self._model = model

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Open a cross-encoder folder; the pairs of one call are distributed over ``threads``.

        Raises:
            EncoderError: there is no cross-encoder in the folder, or it cannot be used.
        """
        card = read_card_file(CrossEncoderCard, folder, CROSS_ENCODER_CARD_FILE, CROSS_ENCODER_REPAIR_HINT)
        return cls(card, OnnxModel(folder, card.bits, threads, CROSS_ENCODER_REPAIR_HINT))

    def score_passages(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Return a logit per passage, shape (n,), comparable for one question only; long passages are truncated."""
        pairs = [self._tokenize_pair(question, passage) for passage in passages]
        sequences = [first + second for first, second in pairs]
        segments = [[0] * len(first) + [1] * len(second) for first, second in pairs] if self.card.segments else None
        return self._model(sequences, 1, segments)[:, 0]

    def _tokenize_pair(self, question: str, passage: str) -> tuple[list[int], list[int]]:
        card, token_ids = self.card, self._model.token_ids
        token_budget = card.max_length - len(card.before) - len(card.between) - len(card.after)
        question_ids = token_ids(question, token_budget // 2)
        return [*card.before, *question_ids, *card.between], [
            *token_ids(passage, token_budget - len(question_ids)),
            *card.after,
        ]
