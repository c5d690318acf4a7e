"""The targets that come into question for a question, and how their vectors vote.

Where all vectors can be compared, those of questions without names stand last, and are compared by themselves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.storage.group_scorer import Ballot
from index.storage.reader import Opened
from knowledge.passages import KINDS, Kind

NEIGHBOURS = 400  # vectors asked of an index too large to compare all
BY_WORDING = 40  # targets that join them for the words they hold
TEXTS = [KINDS.index(kind) for kind in (Kind.TEXT, Kind.SENTENCE, Kind.WINDOW)]
QUESTION, BARE = KINDS.index(Kind.QUESTION), KINDS.index(Kind.BARE)


@dataclass(frozen=True, slots=True)
class Near:
    """``numbers``: of the targets; ``by_kind``: their votes, shape (kinds, len(numbers)), NaN where there is none."""

    numbers: NDArray[np.int64]
    by_kind: NDArray[np.float32]

    @property
    def question(self) -> NDArray[np.float32]:
        """The votes of example questions."""
        return _row(self.by_kind, QUESTION)

    @property
    def text(self) -> NDArray[np.float32]:
        """The mean vote of text, sentences and windows; a short text is its own sentence and window."""
        votes = self.by_kind[TEXTS]
        whole: NDArray[np.float32] = np.where(np.isnan(votes), votes[0], votes).mean(axis=0)
        return whole


def near(opened: Opened, vector: NDArray[np.float32], cover: NDArray[np.float32]) -> Near:
    """All targets where all vectors can be compared; else those nearest to ``vector`` and best in ``cover``."""
    if opened.ballots:
        return Near(np.arange(len(opened.targets)), _votes(opened, opened.ballots.asked, vector))
    rows, similarities = opened.dense.nearest(vector, NEIGHBOURS)
    owners = opened.owners[rows]
    numbers = np.union1d(owners, _best(cover))
    ballot = Ballot(np.searchsorted(numbers, owners).astype(np.int32), opened.kinds[rows], len(numbers))
    votes = ballot.votes(similarities - opened.handicaps[rows])
    text = votes[TEXTS[0]]
    text[np.isnan(text)] = similarities.min(initial=1.0)  # what is not among the neighbours is at most as near
    return Near(numbers, votes)


def bare(opened: Opened, vector: NDArray[np.float32], numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """The votes of example questions without names for these targets, NaN where there is none."""
    if not opened.names:  # nothing was read without them
        return np.full(len(numbers), np.nan, np.float32)
    if opened.ballots:
        return _row(_votes(opened, opened.ballots.bare, vector), BARE)[numbers]
    rows, similarities = opened.dense.nearest(vector, NEIGHBOURS)
    among = np.isin(opened.owners[rows], numbers)
    owners = np.searchsorted(numbers, opened.owners[rows[among]]).astype(np.int32)
    return _row(Ballot(owners, opened.kinds[rows[among]], len(numbers)).votes(similarities[among]), BARE)


def _votes(opened: Opened, ballot: Ballot, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return ballot.votes(opened.dense.similarities(vector, ballot.rows) - opened.handicaps[ballot.rows])


def _row(votes: NDArray[np.float32], kind: int) -> NDArray[np.float32]:
    found: NDArray[np.float32] = votes[kind]
    return found


def _best(cover: NDArray[np.float32]) -> NDArray[np.int64]:
    strong = np.flatnonzero(cover > 0.5 * cover.max(initial=0.0))
    if len(strong) <= BY_WORDING:
        return strong
    return strong[np.argpartition(-cover[strong], BY_WORDING)[:BY_WORDING]]
