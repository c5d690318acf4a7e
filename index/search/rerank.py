"""The optional second stage: a cross-encoder puts the best entries into a new order. Pure.

It reads question and text together, which is slower than comparing two vectors by far. Gaps keep their places: their
text says that there is no answer, so no model finds that it answers.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from knowledge.parsing.plain_text import plain
from knowledge.records.entry import Entry

RERANKED = 5  # of the ranking
Hit = TypeVar("Hit")


def as_text(entry: Entry) -> str:
    """An entry as a cross-encoder reads it."""
    return f"{entry.title}. {plain(entry.body)}"


def reordered(ranking: Sequence[Hit], some: Sequence[Hit], scores: NDArray[np.float32]) -> list[Hit]:
    """``ranking`` with ``some`` of it in the order of their ``scores`` (n,), best first, in the places they had."""
    order = iter([some[at] for at in np.argsort(-scores, kind="stable")])
    return [next(order) if hit in some else hit for hit in ranking]
