"""The optional second stage: a cross-encoder puts the best entries into a new order. Pure.

It reads question and text together, which is slower than comparing two vectors by far. Gaps keep their places: their
text says that there is no answer, so no model finds that it answers.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.entry import Entry

RERANK_DEPTH = 5  # of the ranking
HitT = TypeVar("HitT")


def cross_encoder_text(entry: Entry) -> str:
    """An entry as a cross-encoder reads it."""
    return f"{entry.title}. {markdown_to_plain(entry.body)}"


def reorder_hits(ranking: Sequence[HitT], subset: Sequence[HitT], scores: NDArray[np.float32]) -> list[HitT]:
    """``ranking`` with ``some`` of it in the order of their ``scores`` (n,), best first, in the places they had."""
    by_score = iter([subset[position] for position in np.argsort(-scores, kind="stable")])
    return [next(by_score) if hit in subset else hit for hit in ranking]
