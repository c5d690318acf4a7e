"""How well a passage answers a question, read together: a cross-encoder served as the encoder is, without torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.card import PAIR_CARD, PairCard, read_as
from index.encoder import CHARACTERS_PER_TOKEN
from index.errors import EncoderError
from index.layers import Layers, readable
from index.tokens import TextToIds, load_tokens

MEND = "run: gwbot model prepare NAME --cross-encoder"


class CrossEncoder:
    """The cross-encoder of a prepared folder. Safe to use from several threads."""

    def __init__(self, card: PairCard, layers: Layers, tokens: TextToIds) -> None:
        self.card = card
        self._layers = layers
        self._tokens = tokens

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Opens a cross-encoder folder.

        Raises:
            EncoderError: there is none in the folder, or it cannot be used; says how to mend it.
        """
        card = read_as(PairCard, folder, PAIR_CARD, MEND)
        try:
            return cls(card, Layers(folder, card.bits, threads), load_tokens(folder))
        except Exception as error:  # each of the libraries has its own, some of them bare Exception
            raise EncoderError(f"The cross-encoder in {folder} cannot be opened ({error}); {MEND}") from error

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """A logit a passage, shape (n,); comparable for one question. Too long a passage is cut off at its end."""
        pairs = [self._pair(question, passage) for passage in passages]
        sequences = [first + second for first, second in pairs]
        segments = [[0] * len(first) + [1] * len(second) for first, second in pairs] if self.card.segments else None
        return self._layers(sequences, 1, segments)[:, 0]

    def _pair(self, question: str, passage: str) -> tuple[list[int], list[int]]:
        card = self.card
        room = card.max_length - len(card.before) - len(card.between) - len(card.after)
        asked = self._ids(question, room // 2)
        return [*card.before, *asked, *card.between], [*self._ids(passage, room - len(asked)), *card.after]

    def _ids(self, text: str, limit: int) -> list[int]:
        return self._tokens(readable(text[: limit * CHARACTERS_PER_TOKEN]))[:limit]
