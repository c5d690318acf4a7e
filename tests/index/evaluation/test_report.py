"""The report folder: what is written can be read, compared and looked at."""

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
from index.evaluation.report import ReportHeader, find_newest_report, read_evaluated_questions, write_report_json
from index.evaluation.run import EvaluatedQuestion
from knowledge.errors import GwError
from tests.support.outcomes import outcome

HEAD = ReportHeader(
    "2027-01-15T080000Z", "questions.jsonl", "some-encoder", "0" * 64, "8 labelled questions", 0.57, 0.2
)


@pytest.fixture
def judged() -> list[EvaluatedQuestion]:
    """Outcomes of two kinds and two parts, right and wrong."""
    return [
        outcome("a", split="calibration"),
        outcome("b", right=False, split="judgement"),
        outcome("c", "abstained", right=False, probability=0.1),
        outcome("d", "abstained", kind="far", probability=0.2, split="judgement"),
        outcome("e", right=False, kind="near", probability=0.95),
    ]


def test_outcomes_survive_writing(tmp_path: Path, judged: list[EvaluatedQuestion]) -> None:
    """What is read from a report is what was written."""
    write_report_json(tmp_path, HEAD, judged, [compare_evaluations(judged, judged)])

    assert read_evaluated_questions(tmp_path) == judged


def test_figures_are_in_the_json(tmp_path: Path, judged: list[EvaluatedQuestion]) -> None:
    """report.json holds the figures of each part, and of a comparison the ids that turned."""
    before = [*judged[:1], outcome("b", split="judgement"), *judged[2:]]
    write_report_json(tmp_path, HEAD, judged, [compare_evaluations(before, judged, ("früher", "now"))])

    data = json.loads((tmp_path / "report.json").read_text("utf-8"))

    assert list(data["parts"]) == ["judgement", "all"]
    assert data["parts"]["all"]["count"] == 5
    assert data["parts"]["judgement"]["totals"][0]["right"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert data["parts"]["judgement"]["auroc_near"] is None
    assert (data["comparisons"][0]["before"], data["comparisons"][0]["turned_wrong"]) == ("früher", ["b"])


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "questions": [{"item": {}}]}', '{"questions": []}'])
def test_a_damaged_report(tmp_path: Path, text: str) -> None:
    """A file that is no report is named, with what to do."""
    (tmp_path / "report.json").write_text(text, "utf-8")

    with pytest.raises(GwError, match=r"report\.json is damaged or not a report of this program"):
        read_evaluated_questions(tmp_path)


def test_a_report_of_another_format(tmp_path: Path) -> None:
    """A report of another version is not compared with, and says so."""
    (tmp_path / "report.json").write_text('{"format": 99}', "utf-8")

    with pytest.raises(GwError, match="has format 99"):
        read_evaluated_questions(tmp_path)


def test_no_report(tmp_path: Path) -> None:
    """A folder without a report is named."""
    with pytest.raises(GwError, match=r"There is no report in .*: report\.json is missing"):
        read_evaluated_questions(tmp_path)


def test_newest_report(tmp_path: Path) -> None:
    """The newest by name is compared with; never the one being written, nor a folder without a report."""
    for name in ("2027-01-01T000000Z", "2027-02-01T000000Z", "2027-03-01T000000Z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text("{}", "utf-8")
    (tmp_path / "z-empty").mkdir()

    assert find_newest_report(tmp_path, tmp_path / "2027-03-01T000000Z") == tmp_path / "2027-02-01T000000Z"
    assert find_newest_report(tmp_path, tmp_path) == tmp_path / "2027-03-01T000000Z"
    assert find_newest_report(tmp_path / "none", tmp_path) is None


def test_the_text_leads_with_the_judgement_part(judged: list[EvaluatedQuestion]) -> None:
    """The part that the fit has not seen stands first; then all; then what went wrong, with why."""
    text = render_report(HEAD, judged, [], [("outcomes.png", "Outcomes")])
    places = [
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

    assert places == sorted(places)
    assert "for: question 0.9 (+18.00)" in text
    assert "against: bias 1 (-16.00); short 0.5 (-1.00)" in text
    assert "expected: answered with garten\n  - came: answered with zaun; probability 0.90 for zaun" in text


def test_the_text_without_pictures(judged: list[EvaluatedQuestion]) -> None:
    """Where nothing could be drawn, one sentence says why."""
    assert NO_PLOTS_NOTE in render_report(HEAD, judged, [], [])


def test_comparison_text(judged: list[EvaluatedQuestion]) -> None:
    """A comparison shows each slice before and after, and names the questions that turned."""
    before = [outcome("a", right=False, split="calibration"), *judged[1:], outcome("weg")]

    text = format_comparison(compare_evaluations(before, judged, ("alt", "neu"), "Eine Anmerkung."))

    assert text.startswith("Eine Anmerkung.\n\n5 questions in common; 1 only in alt, 0 only in neu.")
    assert "0.0 % → 33.3 %, +33.3 [" in text
    assert "Turned right, alt → neu: 1\n\n- a (answerable): Frage a? — answered with zaun → answered with" in text
    assert text.endswith("Turned wrong, alt → neu: 0")


def test_comparison_of_strangers() -> None:
    """Without a question in common the text says so instead of a table."""
    found = format_comparison(compare_evaluations([outcome("a")], [outcome("b")], ("alt", "neu")))

    assert found.startswith("No question in common with alt.")


def test_tables_line_up() -> None:
    """Columns are of equal width, so that a table can be read as it stands."""
    assert format_table(("name", "n"), [("a", "1"), ("länger", "100")]) == (
        "| name   |   n |\n| ------ | --: |\n| a      |   1 |\n| länger | 100 |"
    )


def test_rows_carry_intervals(judged: list[EvaluatedQuestion]) -> None:
    """Every share stands with its interval."""
    line = next(
        line for line in format_slices("kind", metrics_table(judged)).splitlines() if line.startswith("| far ")
    )

    assert line.count("100.0 % [100.0, 100.0]") == 1
    assert line.count("0.0 % [0.0, 0.0]") == 3


@pytest.mark.parametrize("count", [5, 40])
def test_pictures(tmp_path: Path, judged: list[EvaluatedQuestion], count: int) -> None:
    """All pictures are drawn, also of few questions; each shows something."""
    many = [judged[number % len(judged)] for number in range(count)]

    drawn = draw_plots(tmp_path, many, "judgement", 0.57)

    assert [name for name, _ in drawn] == ["risk-coverage.png", "calibration.png", "outcomes.png"]
    for name, _ in drawn:
        pixels = imread(tmp_path / name)
        assert pixels.shape[1] > 1000
        assert (pixels[..., :3].min(axis=2) < 0.9).mean() > 0.02
