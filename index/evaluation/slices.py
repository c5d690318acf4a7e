"""Outcomes of labelled questions, parted into the slices that figures are given for. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from index.evaluation.dataset import ANSWERABLE_KINDS
from index.evaluation.run import EvaluatedQuestion

JUDGEMENT_SPLIT = "judgement"
QuestionSlices = Mapping[str, Sequence[EvaluatedQuestion]]


def splits(evaluated: Sequence[EvaluatedQuestion]) -> dict[str, list[EvaluatedQuestion]]:
    """The judgement part, where there is one, and then all questions."""
    unseen = [question for question in evaluated if question.item.split == JUDGEMENT_SPLIT]
    return {**({JUDGEMENT_SPLIT: unseen} if unseen else {}), "all": list(evaluated)}


def group_by_kind(evaluated: Sequence[EvaluatedQuestion]) -> QuestionSlices:
    """Questions by kind, in the order in which the kinds first come."""
    slices: dict[str, list[EvaluatedQuestion]] = defaultdict(list)
    for question in evaluated:
        slices[question.item.kind].append(question)
    return slices


def group_by_language(evaluated: Sequence[EvaluatedQuestion]) -> QuestionSlices:
    """Questions by language, those that hope for an answer and the others apart."""
    slices: dict[str, list[EvaluatedQuestion]] = defaultdict(list)
    for question in evaluated:
        slices[
            f"{'answerable' if question.item.kind in ANSWERABLE_KINDS else 'others'} in {question.item.lang}"
        ].append(question)
    return dict(sorted(slices.items(), key=lambda item: (item[0].split()[0], -len(item[1]), item[0])))


def group_by_answerability(evaluated: Sequence[EvaluatedQuestion]) -> QuestionSlices:
    """What should be answered, and what should not."""
    return {
        "all answerable": [question for question in evaluated if question.item.is_answerable],
        "all others": [question for question in evaluated if not question.item.is_answerable],
    }
