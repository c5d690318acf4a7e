"""How well a passage answers a question, read together: a cross-encoder served as the encoder is, without torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.encoder.model_card import PAIR_CARD, PairCard, read_as
from index.encoder.onnx_model import Transformer

MEND = "run: gwbot model prepare NAME --cross-encoder"


class CrossEncoder:
    """The cross-encoder of a prepared folder. Safe to use from several threads."""

    def __init__(self, card: PairCard, transformer: Transformer) -> None:
        self.card = card
        self._transformer = transformer

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Opens a cross-encoder folder.

        Raises:
            EncoderError: there is none in the folder, or it cannot be used; says how to mend it.
        """
        card = read_as(PairCard, folder, PAIR_CARD, MEND)
        return cls(card, Transformer(folder, card.bits, threads, MEND))

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """A logit a passage, shape (n,); comparable for one question. Too long a passage is cut off at its end."""
        pairs = [self._pair(question, passage) for passage in passages]
        sequences = [first + second for first, second in pairs]
        segments = [[0] * len(first) + [1] * len(second) for first, second in pairs] if self.card.segments else None
        return self._transformer(sequences, 1, segments)[:, 0]

    def _pair(self, question: str, passage: str) -> tuple[list[int], list[int]]:
        card, ids = self.card, self._transformer.ids
        room = card.max_length - len(card.before) - len(card.between) - len(card.after)
        asked = ids(question, room // 2)
        return [*card.before, *asked, *card.between], [*ids(passage, room - len(asked)), *card.after]
