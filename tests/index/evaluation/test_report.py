"""The report folder: a report can be read back, compared and viewed."""

import json
from pathlib import Path

import pytest
from matplotlib.image import imread

from index.evaluation.comparison import compare_evaluations
from index.evaluation.markdown_report import (
    NO_PLOTS_NOTE,
    format_comparison,
    format_slices,
    format_table,
    render_report,
)
from index.evaluation.metrics import metrics_table
from index.evaluation.plots import draw_plots
from index.evaluation.report import (
    ReportHeader,
    find_newest_report,
    read_evaluated_questions,
    record_opening,
    write_report_json,
)
from index.evaluation.run import EvaluatedQuestion
from knowledge.errors import GwError
from tests.support.outcomes import outcome

HEADER = ReportHeader(
    "2027-01-15T080000Z", "questions.jsonl", "some-encoder", "0" * 64, "8 labelled questions", 0.57, 0.2
)


@pytest.fixture
def evaluated() -> list[EvaluatedQuestion]:
    """Evaluated questions of two kinds and two parts, right and wrong."""
    return [
        outcome("a", split="calibration"),
        outcome("b", right=False, split="judgement"),
        outcome("c", "abstained", right=False, probability=0.1),
        outcome("d", "abstained", kind="far", probability=0.2, split="judgement"),
        outcome("e", right=False, kind="near", probability=0.95),
    ]


def test_written_report_is_read_back_unchanged(tmp_path: Path, evaluated: list[EvaluatedQuestion]) -> None:
    """A report that was written is read back unchanged."""
    write_report_json(tmp_path, HEADER, evaluated, [compare_evaluations(evaluated, evaluated)])

    assert read_evaluated_questions(tmp_path) == evaluated


def test_each_use_of_the_sealed_questions_is_recorded(tmp_path: Path, evaluated: list[EvaluatedQuestion]) -> None:
    """A use is one more line with time, encoder and shares; where none can be written, the error says so."""
    log = tmp_path / "sealed.log"

    for _ in range(2):
        record_opening(HEADER, evaluated, log)

    first, second = log.read_text("utf-8").splitlines()
    assert first == second
    assert first.startswith("2027-01-15T080000Z\tsome-encoder\t000000000000\tanswerable 33.3%")
    with pytest.raises(GwError, match="cannot be recorded"):
        record_opening(HEADER, evaluated, tmp_path / "no" / "sealed.log")


def test_figures_are_in_the_json(tmp_path: Path, evaluated: list[EvaluatedQuestion]) -> None:
    """report.json has the figures of each part, and the ids of questions whose outcome changed."""
    before = [*evaluated[:1], outcome("b", split="judgement"), *evaluated[2:]]
    write_report_json(tmp_path, HEADER, evaluated, [compare_evaluations(before, evaluated, ("früher", "now"))])

    data = json.loads((tmp_path / "report.json").read_text("utf-8"))

    assert list(data["parts"]) == ["judgement", "all"]
    assert data["parts"]["all"]["count"] == 5
    assert data["parts"]["judgement"]["totals"][0]["right"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert data["parts"]["judgement"]["auroc_near"] is None
    assert (data["comparisons"][0]["before"], data["comparisons"][0]["turned_wrong"]) == ("früher", ["b"])


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "questions": [{"item": {}}]}', '{"questions": []}'])
def test_damaged_report(tmp_path: Path, text: str) -> None:
    """The error about a file that is not a report names it and says what to do."""
    (tmp_path / "report.json").write_text(text, "utf-8")

    with pytest.raises(GwError, match=r"report\.json is damaged or not a report of this program"):
        read_evaluated_questions(tmp_path)


def test_report_of_another_format(tmp_path: Path) -> None:
    """A report of another version is rejected with its format."""
    (tmp_path / "report.json").write_text('{"format": 99}', "utf-8")

    with pytest.raises(GwError, match="has format 99"):
        read_evaluated_questions(tmp_path)


def test_no_report(tmp_path: Path) -> None:
    """The error about a folder without a report names it."""
    with pytest.raises(GwError, match=r"There is no report in .*: report\.json is missing"):
        read_evaluated_questions(tmp_path)


def test_newest_report(tmp_path: Path) -> None:
    """The newest report by name is found, except the one being written and folders without a report."""
    for name in ("2027-01-01T000000Z", "2027-02-01T000000Z", "2027-03-01T000000Z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text("{}", "utf-8")
    (tmp_path / "z-empty").mkdir()

    assert find_newest_report(tmp_path, tmp_path / "2027-03-01T000000Z") == tmp_path / "2027-02-01T000000Z"
    assert find_newest_report(tmp_path, tmp_path) == tmp_path / "2027-03-01T000000Z"
    assert find_newest_report(tmp_path / "none", tmp_path) is None


def test_text_begins_with_the_judgement_part(evaluated: list[EvaluatedQuestion]) -> None:
    """The part not used for fitting comes first, then all questions, then the mistakes with their reasons."""
    text = render_report(HEADER, evaluated, [], [("outcomes.png", "Outcomes")])
    positions = [
        text.index(part)
        for part in (
            "## Judgement part: 2 questions",
            "## All 5 questions",
            "![Outcomes](outcomes.png)",
            "## The worst wrong answers",
            "**e** (near, de): Frage e?",
            "**b** (answerable, de, judgement): Frage b?",
            "## The answerable questions most surely refused",
            "**c** (answerable, de)",
        )
    ]

    assert positions == sorted(positions)
    assert "for: question 0.9 (+18.00)" in text
    assert "against: bias 1 (-16.00); short 0.5 (-1.00)" in text
    assert "expected: answered with garten\n  - came: answered with zaun; probability 0.90 for zaun" in text


def test_text_without_plots(evaluated: list[EvaluatedQuestion]) -> None:
    """If there are no plots, one sentence says why."""
    assert NO_PLOTS_NOTE in render_report(HEADER, evaluated, [], [])


def test_comparison_text(evaluated: list[EvaluatedQuestion]) -> None:
    """A comparison shows each slice before and after, and lists the questions whose outcome changed."""
    before = [outcome("a", right=False, split="calibration"), *evaluated[1:], outcome("weg")]

    text = format_comparison(compare_evaluations(before, evaluated, ("alt", "neu"), "Eine Anmerkung."))

    assert text.startswith("Eine Anmerkung.\n\n5 questions in common; 1 only in alt, 0 only in neu.")
    assert "0.0 % → 33.3 %, +33.3 [" in text
    assert "Turned right, alt → neu: 1\n\n- a (answerable): Frage a? — answered with zaun → answered with" in text
    assert text.endswith("Turned wrong, alt → neu: 0")


def test_comparison_without_common_questions() -> None:
    """Without common questions, a sentence says so instead of a table."""
    text = format_comparison(compare_evaluations([outcome("a")], [outcome("b")], ("alt", "neu")))

    assert text.startswith("No question in common with alt.")


def test_tables_line_up() -> None:
    """The cells of a column have equal width, so that the source of a table is readable."""
    assert format_table(("name", "n"), [("a", "1"), ("länger", "100")]) == (
        "| name   |   n |\n| ------ | --: |\n| a      |   1 |\n| länger | 100 |"
    )


def test_rows_have_intervals(evaluated: list[EvaluatedQuestion]) -> None:
    """Every share is shown with its interval."""
    line = next(
        line for line in format_slices("kind", metrics_table(evaluated)).splitlines() if line.startswith("| far ")
    )

    assert line.count("100.0 % [100.0, 100.0]") == 1
    assert line.count("0.0 % [0.0, 0.0]") == 3


@pytest.mark.parametrize("count", [5, 40])
def test_plots(tmp_path: Path, evaluated: list[EvaluatedQuestion], count: int) -> None:
    """All plots are drawn, even of few questions, and none is blank."""
    many = [evaluated[number % len(evaluated)] for number in range(count)]

    plots = draw_plots(tmp_path, many, "judgement", 0.57)

    assert [name for name, _ in plots] == ["risk-coverage.png", "calibration.png", "outcomes.png"]
    for name, _ in plots:
        pixels = imread(tmp_path / name)
        assert pixels.shape[1] > 1000
        assert (pixels[..., :3].min(axis=2) < 0.9).mean() > 0.02
