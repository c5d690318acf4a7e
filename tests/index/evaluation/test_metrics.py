"""Figures over evaluated questions, on cases that can be calculated by hand."""

import math

import pytest

from index.evaluation import bootstrap
from index.evaluation.comparison import compare_evaluations
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.metrics import (
    calibration_error,
    compute_metrics,
    confusion_counts,
    evaluated_bins,
    group_by_language,
    metrics_table,
    risk_coverage_curve,
    splits,
    worst_refusals,
    worst_wrong_answers,
)
from index.evaluation.run import evaluate_questions
from index.search.live_index import LiveIndex
from tests.support.outcomes import outcome


def test_interval_of_a_constant() -> None:
    """If all questions agree, the interval is the value itself."""
    assert bootstrap.estimate_mean([True] * 7) == bootstrap.Estimate(1.0, 1.0, 1.0)
    assert bootstrap.paired_difference([0, 1, 1], [0, 1, 1]) == bootstrap.Estimate(0.0, 0.0, 0.0)


def test_interval_of_a_share() -> None:
    """The interval of 50 out of 100 is near the normal one, ± 0.098, and reproducible."""
    values = [True, False] * 50

    estimate = bootstrap.estimate_mean(values)

    assert estimate.value == 0.5
    assert estimate.low == pytest.approx(0.402, abs=0.02)
    assert estimate.high == pytest.approx(0.598, abs=0.02)
    assert bootstrap.estimate_mean(values) == estimate


def test_paired_interval_is_narrower() -> None:
    """Questions with an unchanged outcome do not widen the interval of a difference."""
    before = [True] * 50 + [False] * 50
    after = [True] * 52 + [False] * 48

    estimate = bootstrap.paired_difference(before, after)

    assert estimate.value == pytest.approx(0.02)
    assert estimate.low >= 0.0
    assert estimate.high <= 0.06


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [([0.9, 0.8], [0.1], 1.0), ([0.5], [0.5], 0.5), ([0.9, 0.3], [0.5, 0.1], 0.75), ([0.1], [0.9], 0.0)],
)
def test_auroc(positive: list[float], negative: list[float], expected: float) -> None:
    """AUROC is the share of pairs in which the positive has the higher score; a tie counts half."""
    estimate = bootstrap.estimate_auroc(positive, negative)

    assert estimate is not None
    assert estimate.value == expected
    assert estimate.low <= expected <= estimate.high


def test_auroc_of_one_class() -> None:
    """Without positives or without negatives there is no AUROC."""
    assert bootstrap.estimate_auroc([], [0.5]) is None
    assert bootstrap.estimate_auroc([0.5], []) is None


def test_shares_of_a_slice() -> None:
    """A wrong choice counts as wrong, a refused answerable question as refused, and neither as answered."""
    evaluated = [
        outcome("a"),
        outcome("b", right=False),
        outcome("c", "clarify", right=False),
        outcome("d", "abstained", right=False),
        outcome("e", "abstained", kind="far"),
    ]

    rows = {row.slice: row for row in metrics_table(evaluated)}
    row = rows["answerable"]

    assert (row.count, row.right.value, row.answered.value, row.wrong.value, row.refused.value) == (
        (4, 0.25, 0.5, 0.5, 0.25)
    )
    assert (rows["far"].right.value, rows["far"].refused.value) == (1.0, 0.0)
    assert rows["all others"].count == 1


def test_slices_by_language() -> None:
    """Each language has a slice of answerable and one of other questions, the largest first."""
    evaluated = [
        outcome("a", lang="tr"),
        outcome("b"),
        outcome("c"),
        outcome("d", "abstained", kind="far", lang="tr"),
    ]

    assert list(group_by_language(evaluated)) == ["answerable in de", "answerable in tr", "others in tr"]


def test_judgement_part_comes_first() -> None:
    """If questions are split, the part that was not used for fitting comes first; otherwise there is one part."""
    seen, unseen = outcome("a", split="calibration"), outcome("b", split="judgement")

    assert splits([seen, unseen]) == {"judgement": [unseen], "all": [seen, unseen]}
    assert splits([outcome("c")]) == {"all": [outcome("c")]}
    assert list(splits([seen, unseen])) == ["judgement", "all"]


def test_auroc_compares_right_answers_with_unanswerable_questions() -> None:
    """AUROC compares right answers with questions that must not be answered; wrong answers are left out."""
    evaluated = [
        outcome("a", probability=0.6),
        outcome("b", "abstained", right=False, kind="far", probability=0.5),
        outcome("c", right=False, kind="near", probability=0.7),
        outcome("d", right=False, probability=0.1),
    ]

    metrics = compute_metrics(evaluated)

    assert metrics.auroc_far is not None
    assert metrics.auroc_near is not None
    assert (metrics.auroc_far.value, metrics.auroc_near.value) == (1.0, 0.0)


def test_duration_percentiles() -> None:
    """p50 and p95 are percentiles of the search time in milliseconds."""
    metrics = compute_metrics([outcome(str(number), ms=float(number)) for number in range(1, 102)])

    assert (metrics.p50, metrics.p95) == (51.0, 96.0)


def test_calibration_error() -> None:
    """Questions with a probability of 0.8 of which six in ten are right have an error of 0.2."""
    evaluated = [outcome(str(number), right=number % 10 < 6, probability=0.8) for number in range(100)]
    always = [outcome(str(number), probability=1.0) for number in range(20)]

    bins = evaluated_bins(always)

    assert calibration_error(bins) == 0.0
    assert [part.count for part in bins] == [2] * 10
    assert calibration_error(evaluated_bins(evaluated)) == pytest.approx(0.2)


def test_risk_coverage() -> None:
    """The most confident answers come first, and an answer to a question that must not be answered is wrong."""
    evaluated = [
        outcome("a", probability=0.9),
        outcome("b", right=False, kind="near", probability=0.8),
        outcome("c", probability=0.7),
        outcome("d", "abstained", right=False, kind="far", probability=0.1),
    ]

    coverage, risk = risk_coverage_curve(evaluated)

    assert coverage == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0.0, 0.5, 1 / 3, 0.5])


def test_confusion() -> None:
    """Outcomes are counted by kind, status and whether they are right."""
    evaluated = [outcome("a"), outcome("b"), outcome("c", right=False), outcome("d", "abstained", kind="far")]

    assert confusion_counts(evaluated) == {
        "answerable": {("answered", True): 2, ("answered", False): 1},
        "far": {("abstained", True): 1},
    }


def test_worst_cases() -> None:
    """The most confident wrong answer and the most confidently refused question come first."""
    evaluated = [
        outcome("a", right=False, probability=0.6),
        outcome("b", right=False, kind="near", probability=0.8),
        outcome("c", "clarify", right=False, probability=0.99),
        outcome("d", "abstained", right=False, probability=0.3),
        outcome("e", "abstained", right=False, probability=0.1),
    ]

    assert [question.item.id for question in worst_wrong_answers(evaluated)] == ["b", "a"]
    assert [question.item.id for question in worst_wrong_answers(evaluated, 1)] == ["b"]
    assert [question.item.id for question in worst_refusals(evaluated)] == ["e", "d"]


def test_comparison() -> None:
    """Questions whose outcome changed are listed, among those in common; a new label is counted."""
    before = [outcome("a"), outcome("b", right=False), outcome("c"), outcome("gone")]
    after = [outcome("a", right=False), outcome("b"), outcome("c", kind="near"), outcome("new")]

    comparison = compare_evaluations(before, after)
    change = next(
        change for change in comparison.changes if (change.slice, change.measure) == ("answerable", "right")
    )

    assert (comparison.count, comparison.dropped, comparison.added, comparison.relabelled) == (3, 1, 1, 1)
    assert [pair[1].item.id for pair in comparison.turned_right] == ["b"]
    assert [pair[1].item.id for pair in comparison.turned_wrong] == ["a"]
    assert (change.count, change.before, change.after, change.difference.value) == (2, 0.5, 0.5, 0.0)


def test_comparison_without_common_questions() -> None:
    """A question whose text has changed is a different question; without common ones nothing is compared."""
    comparison = compare_evaluations([outcome("a")], [outcome("b")])

    assert (comparison.count, comparison.changes, comparison.figures) == (0, (), ())


def test_evaluation_records_contributions(live: LiveIndex) -> None:
    """The contributions recorded for a question add up to the log-odds that an entry answers it."""
    item = LabelledQuestion("1", "Was ist ein Backbone?", "de", "answerable", "backbone", "answered", ("backbone",))

    (evaluated,) = evaluate_questions([item], live.current_searcher())
    probabilities = live.current_searcher().search(item.question).probabilities
    odds = math.exp(sum(reason.share for reason in evaluated.reasons))

    assert probabilities is not None
    assert (evaluated.status, evaluated.right, evaluated.best, evaluated.best_right) == (
        "answered",
        True,
        "backbone",
        True,
    )
    assert odds == pytest.approx(probabilities.answerable / probabilities.unanswerable, rel=1e-3)
    assert evaluated.probability == probabilities.correct
    assert evaluated.ms > 0


def test_evaluation_of_an_intent(live: LiveIndex) -> None:
    """Recognised small talk is right, and no entry is the right answer to it."""
    item = LabelledQuestion("1", "Guten Morgen!", "de", "smalltalk", "smalltalk", "smalltalk", ())

    (evaluated,) = evaluate_questions([item], live.current_searcher())

    assert (evaluated.status, evaluated.right, evaluated.best_right) == ("smalltalk", True, False)
    assert evaluated.probability < 0.5
