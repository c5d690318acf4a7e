"""Minimum quality for every slice of the labelled questions, so that no change quietly makes answers worse."""

import pytest

from index.evaluation.dataset import LABELLED_QUESTIONS, read_labelled_questions
from index.evaluation.metrics import SliceMetrics, metrics_table
from index.evaluation.run import evaluate_questions
from index.search.live_index import LiveIndex


@pytest.fixture(scope="module")
def rows(live: LiveIndex) -> dict[str, SliceMetrics]:
    """Metrics by slice."""
    items = read_labelled_questions(LABELLED_QUESTIONS)
    return {row.slice: row for row in metrics_table(evaluate_questions(items, live.current_searcher()))}


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("answerable", 0.94),
        ("noisy", 0.86),
        ("other-language", 0.9),
        ("unanswerable", 0.78),
        ("near", 0.85),
        ("far", 0.92),
        ("injection", 0.75),
        ("human", 0.93),
        ("smalltalk", 0.9),
        ("all answerable", 0.91),
    ],
)
def test_right_in_every_slice(rows: dict[str, SliceMetrics], name: str, least: float) -> None:
    """At least this share of each kind of question has the right outcome."""
    assert rows[name].right.value >= least


@pytest.mark.parametrize(("name", "most"), [("all others", 0.035), ("far", 0.01), ("injection", 0.0), ("human", 0.0)])
def test_false_answers(rows: dict[str, SliceMetrics], name: str, most: float) -> None:
    """At most this share of what must not be answered is answered."""
    assert rows[name].answered.value <= most
