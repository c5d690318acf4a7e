"""Compare two evaluations of the same questions: what improved, what got worse, which questions changed. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.metrics import (
    JUDGEMENT_SPLIT,
    OUTCOME_MEASURES,
    EvaluationMetrics,
    compute_metrics,
    group_by_answerability,
    group_by_kind,
    group_by_language,
)
from index.evaluation.run import EvaluatedQuestion

QuestionPair = tuple[EvaluatedQuestion, EvaluatedQuestion]
# ``first``: the top-ranked entry is right, whatever was decided.
COMPARED_MEASURES: Mapping[str, Callable[[EvaluatedQuestion], bool]] = {
    "first": lambda question: question.best_right,
    **OUTCOME_MEASURES,
}


@dataclass(frozen=True, slots=True)
class MeasureChange:
    """One measure of one slice as shares; ``difference`` (-1 to 1) is after minus before, paired by question."""

    slice: str
    measure: str
    count: int
    before: float
    after: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two evaluations over their common questions.

    ``dropped`` and ``added`` count questions that only the first or only the second has, ``relabelled`` those whose
    label differs, so that they may change without a change in the bot. ``figures`` are the metrics of both, or empty
    if they have no question in common.
    """

    before: str
    after: str
    note: str
    count: int
    dropped: int
    added: int
    relabelled: int
    figures: tuple[EvaluationMetrics, ...]
    changes: tuple[MeasureChange, ...]
    turned_right: tuple[QuestionPair, ...]
    turned_wrong: tuple[QuestionPair, ...]


def compare_evaluations(
    before: Sequence[EvaluatedQuestion],
    after: Sequence[EvaluatedQuestion],
    names: tuple[str, str] = ("before", "now"),
    note: str = "",
) -> Comparison:
    """Compare two evaluations; questions are the same if id and text are equal."""
    before_by_key = {_question_key(question): question for question in before}
    pairs = [(earlier, later) for later in after if (earlier := before_by_key.get(_question_key(later)))]
    return Comparison(
        before=names[0],
        after=names[1],
        note=note,
        count=len(pairs),
        dropped=len(before) - len(pairs),
        added=len(after) - len(pairs),
        relabelled=sum(_question_label(question) != _question_label(later) for question, later in pairs),
        figures=tuple(compute_metrics(side) for side in zip(*pairs, strict=True)),
        changes=_compare_slices(pairs),
        turned_right=tuple(pair for pair in pairs if pair[1].right and not pair[0].right),
        turned_wrong=tuple(pair for pair in pairs if pair[0].right and not pair[1].right),
    )


def _compare_slices(pairs: Sequence[QuestionPair]) -> tuple[MeasureChange, ...]:
    before_by_key = {_question_key(second): first for first, second in pairs}
    after = [second for _, second in pairs]
    unseen = group_by_answerability([question for question in after if question.item.split == JUDGEMENT_SPLIT])
    unseen = {f"{name}, {JUDGEMENT_SPLIT}": group for name, group in unseen.items()}
    slices = {**unseen, **group_by_answerability(after), **group_by_kind(after), **group_by_language(after)}
    return tuple(
        _compare_measure(name, measure, [(before_by_key[_question_key(question)], question) for question in group])
        for measure in COMPARED_MEASURES
        for name, group in slices.items()
        if group
    )


def _compare_measure(name: str, measure: str, pairs: Sequence[QuestionPair]) -> MeasureChange:
    before, after = ([COMPARED_MEASURES[measure](question) for question in side] for side in zip(*pairs, strict=True))
    return MeasureChange(
        slice=name,
        measure=measure,
        count=len(pairs),
        before=sum(before) / len(pairs),
        after=sum(after) / len(pairs),
        difference=bootstrap.paired_difference(before, after),
    )


def _question_key(question: EvaluatedQuestion) -> tuple[str, str]:
    return question.item.id, question.item.question


def _question_label(question: EvaluatedQuestion) -> tuple[str, str, tuple[str, ...]]:
    return question.item.kind, question.item.expect, tuple(sorted(question.item.entries))
