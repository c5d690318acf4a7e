"""The same questions, judged twice: what got better, what got worse, and which questions turned. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.metrics import MEASURES, Figures, figures
from index.evaluation.run import Judged
from index.evaluation.slices import JUDGEMENT, by_kind, by_language, totals

Pair = tuple[Judged, Judged]
# ``first``: the first in the ranking is right, whatever was decided.
COMPARED: Mapping[str, Callable[[Judged], bool]] = {"first": lambda one: one.best_right, **MEASURES}


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of one slice; ``difference`` is after minus before, paired by question. Shares, -1 to 1."""

    slice: str
    measure: str
    count: int
    before: float
    after: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two judgements, over the questions that both have.

    ``dropped`` and ``added`` count the questions that only the first, and only the second has; ``relabelled`` those
    whose label differs: they may turn without any change in the bot. ``figures`` are those of both, where there is a
    question in common.
    """

    before: str
    after: str
    note: str
    count: int
    dropped: int
    added: int
    relabelled: int
    figures: tuple[Figures, ...]
    changes: tuple[Change, ...]
    turned_right: tuple[Pair, ...]
    turned_wrong: tuple[Pair, ...]


def compare(
    before: Sequence[Judged], after: Sequence[Judged], names: tuple[str, str] = ("before", "now"), note: str = ""
) -> Comparison:
    """Compare two judgements; a question is the same where its id and its text are."""
    known = {_key(one): one for one in before}
    pairs = [(known[_key(one)], one) for one in after if _key(one) in known]
    return Comparison(
        before=names[0],
        after=names[1],
        note=note,
        count=len(pairs),
        dropped=len(before) - len(pairs),
        added=len(after) - len(pairs),
        relabelled=sum(_label(one) != _label(other) for one, other in pairs),
        figures=tuple(figures(side) for side in zip(*pairs, strict=True)),
        changes=_changes(pairs),
        turned_right=tuple(pair for pair in pairs if pair[1].right and not pair[0].right),
        turned_wrong=tuple(pair for pair in pairs if pair[0].right and not pair[1].right),
    )


def _changes(pairs: Sequence[Pair]) -> tuple[Change, ...]:
    earlier = {_key(second): first for first, second in pairs}
    after = [second for _, second in pairs]
    unseen = totals([one for one in after if one.item.split == JUDGEMENT])
    parted = {f"{name}, {JUDGEMENT}": found for name, found in unseen.items()}
    slices = {**parted, **totals(after), **by_kind(after), **by_language(after)}
    return tuple(
        _change(name, measure, [(earlier[_key(one)], one) for one in found])
        for measure in COMPARED
        for name, found in slices.items()
        if found
    )


def _change(name: str, measure: str, pairs: Sequence[Pair]) -> Change:
    before, after = ([COMPARED[measure](one) for one in side] for side in zip(*pairs, strict=True))
    return Change(
        slice=name,
        measure=measure,
        count=len(pairs),
        before=sum(before) / len(pairs),
        after=sum(after) / len(pairs),
        difference=bootstrap.paired_difference(before, after),
    )


def _key(one: Judged) -> tuple[str, str]:
    return one.item.id, one.item.question


def _label(one: Judged) -> tuple[str, str, tuple[str, ...]]:
    return one.item.kind, one.item.expect, tuple(sorted(one.item.entries))
