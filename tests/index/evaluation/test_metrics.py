"""Figures over outcomes, on cases that can be worked by hand."""

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
    """Where all questions agree, the interval is the value itself."""
    assert bootstrap.estimate_mean([True] * 7) == bootstrap.Estimate(1.0, 1.0, 1.0)
    assert bootstrap.paired_difference([0, 1, 1], [0, 1, 1]) == bootstrap.Estimate(0.0, 0.0, 0.0)


def test_interval_of_a_share() -> None:
    """The interval of 50 of 100 is near the normal one, ± 0.098, and the same at each call."""
    values = [True, False] * 50

    found = bootstrap.estimate_mean(values)

    assert found.value == 0.5
    assert found.low == pytest.approx(0.402, abs=0.02)
    assert found.high == pytest.approx(0.598, abs=0.02)
    assert bootstrap.estimate_mean(values) == found


def test_paired_interval_is_narrower() -> None:
    """Questions that do not turn add nothing to the interval of a difference."""
    before = [True] * 50 + [False] * 50
    after = [True] * 52 + [False] * 48

    found = bootstrap.paired_difference(before, after)

    assert found.value == pytest.approx(0.02)
    assert found.low >= 0.0
    assert found.high <= 0.06


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [([0.9, 0.8], [0.1], 1.0), ([0.5], [0.5], 0.5), ([0.9, 0.3], [0.5, 0.1], 0.75), ([0.1], [0.9], 0.0)],
)
def test_auroc(positive: list[float], negative: list[float], expected: float) -> None:
    """AUROC is the share of pairs in which the positive scores higher; a tie counts half."""
    found = bootstrap.estimate_auroc(positive, negative)

    assert found is not None
    assert found.value == expected
    assert found.low <= expected <= found.high


def test_auroc_of_nothing() -> None:
    """Without one of the two sides there is no AUROC."""
    assert bootstrap.estimate_auroc([], [0.5]) is None
    assert bootstrap.estimate_auroc([0.5], []) is None


def test_shares_of_a_slice() -> None:
    """A wrong choice is wrong, a refusal of an answerable question is refused, and neither is answered."""
    judged = [
        outcome("a"),
        outcome("b", right=False),
        outcome("c", "clarify", right=False),
        outcome("d", "abstained", right=False),
        outcome("e", "abstained", kind="far"),
    ]

    rows = {row.slice: row for row in metrics_table(judged)}
    row = rows["answerable"]

    assert (row.count, row.right.value, row.answered.value, row.wrong.value, row.refused.value) == (
        (4, 0.25, 0.5, 0.5, 0.25)
    )
    assert (rows["far"].right.value, rows["far"].refused.value) == (1.0, 0.0)
    assert rows["all others"].count == 1


def test_languages_are_told_apart() -> None:
    """Each language has a slice of what should be answered and one of what should not, the largest first."""
    judged = [outcome("a", lang="tr"), outcome("b"), outcome("c"), outcome("d", "abstained", kind="far", lang="tr")]

    assert list(group_by_language(judged)) == ["answerable in de", "answerable in tr", "others in tr"]


def test_the_judgement_part_comes_first() -> None:
    """Where questions are split, the part that was not fitted on heads the figures; else there is one part."""
    seen, unseen = outcome("a", split="calibration"), outcome("b", split="judgement")

    assert splits([seen, unseen]) == {"judgement": [unseen], "all": [seen, unseen]}
    assert splits([outcome("c")]) == {"all": [outcome("c")]}
    assert list(splits([seen, unseen])) == ["judgement", "all"]


def test_auroc_parts_right_answers_from_the_rest() -> None:
    """A right answer is compared with what must not be answered; a wrong one counts on neither side."""
    judged = [
        outcome("a", probability=0.6),
        outcome("b", "abstained", right=False, kind="far", probability=0.5),
        outcome("c", right=False, kind="near", probability=0.7),
        outcome("d", right=False, probability=0.1),
    ]

    found = compute_metrics(judged)

    assert found.auroc_far is not None
    assert found.auroc_near is not None
    assert (found.auroc_far.value, found.auroc_near.value) == (1.0, 0.0)


def test_duration_percentiles() -> None:
    """p50 and p95 are percentiles of the search in milliseconds."""
    found = compute_metrics([outcome(str(number), ms=float(number)) for number in range(1, 102)])

    assert (found.p50, found.p95) == (51.0, 96.0)


def test_calibration_error() -> None:
    """Questions of probability 0.8, of which 6 in ten are right, are 0.2 off."""
    judged = [outcome(str(number), right=number % 10 < 6, probability=0.8) for number in range(100)]
    always = [outcome(str(number), probability=1.0) for number in range(20)]

    bins = evaluated_bins(always)

    assert calibration_error(bins) == 0.0
    assert [one.count for one in bins] == [2] * 10
    assert calibration_error(evaluated_bins(judged)) == pytest.approx(0.2)


def test_risk_coverage() -> None:
    """The surest answers come first, and what must not be answered is a wrong one."""
    judged = [
        outcome("a", probability=0.9),
        outcome("b", right=False, kind="near", probability=0.8),
        outcome("c", probability=0.7),
        outcome("d", "abstained", right=False, kind="far", probability=0.1),
    ]

    coverage, risk = risk_coverage_curve(judged)

    assert coverage == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0.0, 0.5, 1 / 3, 0.5])


def test_confusion() -> None:
    """Outcomes are counted by kind, status and whether they are right."""
    judged = [outcome("a"), outcome("b"), outcome("c", right=False), outcome("d", "abstained", kind="far")]

    assert confusion_counts(judged) == {
        "answerable": {("answered", True): 2, ("answered", False): 1},
        "far": {("abstained", True): 1},
    }


def test_worst_cases() -> None:
    """The most confident wrong answer comes first, and the most surely refused question."""
    judged = [
        outcome("a", right=False, probability=0.6),
        outcome("b", right=False, kind="near", probability=0.8),
        outcome("c", "clarify", right=False, probability=0.99),
        outcome("d", "abstained", right=False, probability=0.3),
        outcome("e", "abstained", right=False, probability=0.1),
    ]

    assert [one.item.id for one in worst_wrong_answers(judged)] == ["b", "a"]
    assert [one.item.id for one in worst_wrong_answers(judged, 1)] == ["b"]
    assert [one.item.id for one in worst_refusals(judged)] == ["e", "d"]


def test_comparison() -> None:
    """Questions that turned are listed, over those that both have; a new label is counted."""
    before = [outcome("a"), outcome("b", right=False), outcome("c"), outcome("gone")]
    after = [outcome("a", right=False), outcome("b"), outcome("c", kind="near"), outcome("new")]

    found = compare_evaluations(before, after)
    change = next(one for one in found.changes if (one.slice, one.measure) == ("answerable", "right"))

    assert (found.count, found.dropped, found.added, found.relabelled) == (3, 1, 1, 1)
    assert [pair[1].item.id for pair in found.turned_right] == ["b"]
    assert [pair[1].item.id for pair in found.turned_wrong] == ["a"]
    assert (change.count, change.before, change.after, change.difference.value) == (2, 0.5, 0.5, 0.0)


def test_comparison_of_strangers() -> None:
    """A question whose text has changed is another question; with none in common there is nothing to compare."""
    found = compare_evaluations([outcome("a")], [outcome("b")])

    assert (found.count, found.changes, found.figures) == (0, (), ())


def test_judging_writes_down_why(live: LiveIndex) -> None:
    """The reasons of an outcome add up to the log-odds that an entry answers."""
    item = LabelledQuestion("1", "Was ist ein Backbone?", "de", "answerable", "backbone", "answered", ("backbone",))

    (found,) = evaluate_questions([item], live.current_searcher())
    weighed = live.current_searcher().score_query(item.question)
    odds = math.exp(sum(reason.share for reason in found.reasons))

    assert weighed is not None
    assert (found.status, found.right, found.best, found.best_right) == ("answered", True, "backbone", True)
    assert odds == pytest.approx(weighed.probabilities.answerable / weighed.probabilities.unanswerable, rel=1e-3)
    assert found.probability == weighed.probabilities.correct
    assert found.ms > 0


def test_judging_an_intent(live: LiveIndex) -> None:
    """Small talk that is recognised is right, and no entry is the right answer to it."""
    item = LabelledQuestion("1", "Guten Morgen!", "de", "smalltalk", "smalltalk", "smalltalk", ())

    (found,) = evaluate_questions([item], live.current_searcher())

    assert (found.status, found.right, found.best_right) == ("smalltalk", True, False)
    assert found.probability < 0.5
