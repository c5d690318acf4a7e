"""How right the bot is on labelled questions, by kind and language. Pure but for the searcher it asks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.labelled import ANSWERABLE, Labelled, is_right, status
from index.search import Outcome, Searcher


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled question with its outcome."""

    item: Labelled
    outcome: Outcome

    @property
    def status(self) -> str:
        """The status reported."""
        return status(self.outcome)

    @property
    def right(self) -> bool:
        """Whether the outcome is right."""
        return is_right(self.item, self.outcome)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one slice; shares of ``count``, 0 to 1.

    ``answered``: answered at all; ``wrong``: answered or offered, and not right; ``refused``: answerable and refused.
    """

    slice: str
    count: int
    right: float
    answered: float
    wrong: float
    refused: float


def judge(items: Iterable[Labelled], searcher: Searcher) -> list[Judged]:
    """Ask every question."""
    return [Judged(item, searcher.search(item.question)) for item in items]


def table(judged: Sequence[Judged]) -> list[Row]:
    """A row a kind, a row a language of the answerable, and the two figures that count."""
    slices: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        slices[one.item.kind].append(one)
    for one in judged:
        if one.item.kind in ANSWERABLE:
            slices[f"answerable in {one.item.lang}"].append(one)
    slices["all answerable"] = [one for one in judged if one.item.answerable]
    slices["all others"] = [one for one in judged if not one.item.answerable]
    return [_row(name, found) for name, found in slices.items() if found]


def _row(name: str, found: Sequence[Judged]) -> Row:
    def share(matching: Iterable[Judged]) -> float:
        return len(list(matching)) / len(found)

    return Row(
        slice=name,
        count=len(found),
        right=share(one for one in found if one.right),
        answered=share(one for one in found if one.status == "answered"),
        wrong=share(one for one in found if one.status in ("answered", "clarify") and not one.right),
        refused=share(one for one in found if one.item.answerable and one.status == "abstained"),
    )
