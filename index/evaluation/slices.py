"""Outcomes of labelled questions, parted into the slices that figures are given for. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from index.evaluation.dataset import ANSWERABLE
from index.evaluation.run import Judged

JUDGEMENT = "judgement"
Slices = Mapping[str, Sequence[Judged]]


def parts(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """The judgement part, where there is one, and then all questions."""
    unseen = [one for one in judged if one.item.split == JUDGEMENT]
    return {**({JUDGEMENT: unseen} if unseen else {}), "all": list(judged)}


def by_kind(judged: Sequence[Judged]) -> Slices:
    """Questions by kind, in the order in which the kinds first come."""
    slices: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        slices[one.item.kind].append(one)
    return slices


def by_language(judged: Sequence[Judged]) -> Slices:
    """Questions by language, those that hope for an answer and the others apart."""
    slices: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        slices[f"{'answerable' if one.item.kind in ANSWERABLE else 'others'} in {one.item.lang}"].append(one)
    return dict(sorted(slices.items(), key=lambda item: (item[0].split()[0], -len(item[1]), item[0])))


def totals(judged: Sequence[Judged]) -> Slices:
    """What should be answered, and what should not."""
    return {
        "all answerable": [one for one in judged if one.item.answerable],
        "all others": [one for one in judged if not one.item.answerable],
    }
