"""What speaks for each target in question: its questions, its text, its wording, and all of it together."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.search.near import bare, near
from index.storage.reader import Opened

QUESTION_WEIGHT = 2.0  # of the vote by questions, beside the mean of the votes by text
COVER_WEIGHT = 0.15  # of the wording, beside the cosines
BARE_WEIGHT = 0.25  # of the question without the names in it; all measured, see docs/figures.md
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Votes:
    """For each target in question, all of shape (n,); ``numbers`` are the targets'.

    ``question``: cosine of its example questions (0 without any); ``likeness``: of its questions and its text;
    ``cover``: share of the question's wording that it holds; ``fused``: the last two (see `named`).
    """

    numbers: NDArray[np.int64]
    question: Floats
    likeness: Floats
    cover: Floats
    fused: Floats


def votes(opened: Opened, question: str, vector: Floats) -> Votes:
    """The votes on a question with its vector."""
    cover = opened.cover.shares(question)
    found = near(opened, vector, cover)
    cover = cover[found.numbers]
    likeness = (QUESTION_WEIGHT * found.question + found.text) / (QUESTION_WEIGHT + 1)
    likeness = np.where(np.isnan(found.question), found.text, likeness)  # a document without example questions
    likeness = np.nan_to_num(likeness)  # an intent has no text
    fused = likeness + COVER_WEIGHT * cover
    return Votes(found.numbers, np.nan_to_num(found.question), likeness, cover, fused)


def bare_votes(opened: Opened, vector: Floats, numbers: NDArray[np.int64]) -> Floats:
    """The cosine of a question without names to the example questions without names, of these targets (0 without)."""
    found: Floats = np.nan_to_num(bare(opened, vector, numbers))
    return found


def named(found: Votes, bare: Floats) -> Votes:
    """The votes on a question with a name in it, where what it asks about the name counts once more.

    All that is said of a thing is near to every question that names it, most of all what it is. A target without
    example questions gets what the others get on average.
    """
    asked = bare > 0
    if not asked.any():
        return found
    once_more: Floats = np.where(asked, bare, bare[asked].mean())
    return replace(found, fused=found.fused + BARE_WEIGHT * once_more)
