"""What `gwbot eval` does: judge the questions, compare, write the report, print the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.app.index_loader import make_index_backend, open_index
from bot.errors import GwError
from bot.settings import Settings
from index.encoder.encoder import OnnxEncoder
from index.evaluation.alternative import open_baseline
from index.evaluation.comparison import compare_evaluations
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.markdown_report import (
    NO_PLOTS_NOTE,
    format_differences,
    format_headline,
    format_retrieval,
    render_report,
)
from index.evaluation.metrics import compute_metrics, metrics_table, splits
from index.evaluation.report import (
    ReportHeader,
    find_newest_report,
    read_evaluated_questions,
    write_report_json,
    write_retrieval_json,
)
from index.evaluation.retrieval_benchmark import measure_retrieval, read_collection
from index.evaluation.run import EvaluatedQuestion, evaluate_questions
from index.storage.reader import IndexReader

REPORT_TEXT_FILE = "report.md"


def run_evaluation(
    settings: Settings,
    items: Sequence[LabelledQuestion],
    questions_name: str,
    root: Path | None = None,
    report: Path | None = None,
    earlier_report: Path | None = None,
    baseline: str | None = None,
) -> list[EvaluatedQuestion]:
    """Judge all questions, print the figures and write the report; what the parameters are is said at the command."""
    created = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    folder = report or settings.bot_dir / "reports" / created
    earlier_results = _read_earlier_report(settings, earlier_report, folder)
    searcher = open_index(settings, root).current_searcher()
    baseline_result = _evaluate_baseline(settings, items, baseline, root) if baseline else None
    _create_folder(folder)
    evaluated = evaluate_questions(items, searcher)
    _print_metrics(evaluated)
    comparisons = [compare_evaluations(outcomes, evaluated, (name, "now")) for name, outcomes in earlier_results]
    for comparison in comparisons:
        click.echo(
            f"\nSince {comparison.before}: {len(comparison.turned_right)} turned right, "
            f"{len(comparison.turned_wrong)} turned wrong."
        )
    if baseline_result:
        comparisons.append(
            compare_evaluations(
                evaluated, baseline_result.evaluated, ("in use", baseline_result.name), baseline_result.note
            )
        )
        click.echo(f"\n{format_differences(comparisons[-1])}")
    header = _make_header(searcher.reader, created, questions_name)
    write_report_json(folder, header, evaluated, comparisons)
    plots = _draw_plots(folder, evaluated, header.answer_from)
    (folder / REPORT_TEXT_FILE).write_text(
        render_report(header, evaluated, comparisons, plots), encoding="utf-8", errors="replace"
    )
    click.echo(f"\nReport: {folder / REPORT_TEXT_FILE}{'' if plots else f'. {NO_PLOTS_NOTE}'}")
    return evaluated


def run_retrieval_benchmark(settings: Settings, collection_dir: Path, report: Path | None) -> None:
    """Print the figures of retrieval alone on a collection, and write them where a report folder is given."""
    benchmark = read_collection(collection_dir)
    if report:
        _create_folder(report)
    scores = measure_retrieval(benchmark, OnnxEncoder.load(settings.encoder_dir))
    text = format_retrieval(scores)
    click.echo(text)
    if report:
        write_retrieval_json(report, scores)
        (report / "retrieval.md").write_text(f"# Retrieval on {collection_dir.name}\n\n{text}\n", encoding="utf-8")


def _create_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GwError(f"The folder {folder} for the report cannot be made: {error.strerror}.") from None


def _read_earlier_report(
    settings: Settings, requested: Path | None, current_folder: Path
) -> list[tuple[str, list[EvaluatedQuestion]]]:
    """The report to compare with, by name: the one that was named, or else the newest, where it can be read."""
    if requested:
        return [(requested.name, read_evaluated_questions(requested))]
    newest_folder = find_newest_report(settings.bot_dir / "reports", current_folder)
    if newest_folder is None:
        return []
    try:
        return [(newest_folder.name, read_evaluated_questions(newest_folder))]
    except GwError as error:
        click.echo(f"Not compared with the last report: {error}", err=True)
        return []


@dataclass(frozen=True, slots=True)
class _BaselineResult:
    name: str
    evaluated: list[EvaluatedQuestion]
    note: str


def _evaluate_baseline(
    settings: Settings, items: Sequence[LabelledQuestion], name: str, root: Path | None
) -> _BaselineResult:
    with open_baseline(name, settings.data_dir, root or make_index_backend(settings)) as (searcher, note):
        return _BaselineResult(Path(name).name, evaluate_questions(items, searcher), note)


def _make_header(reader: IndexReader, created: str, questions_name: str) -> ReportHeader:
    return ReportHeader(
        made=created,
        questions=questions_name,
        encoder=reader.manifest.encoder,
        content=reader.manifest.content_digest,
        fitted_on=reader.calibration.origin,
        answer_from=reader.calibration.answer_from,
        offer_from=reader.calibration.offer_from,
    )


def _draw_plots(folder: Path, evaluated: Sequence[EvaluatedQuestion], answer_from: float) -> list[tuple[str, str]]:
    """Pictures of the part that heads the report, with captions; none where matplotlib is not installed."""
    try:
        from index.evaluation.plots import draw_plots
    except ImportError:
        return []
    split_name, group = next(iter(splits(evaluated).items()))
    return draw_plots(folder, group, split_name, answer_from)


def _print_metrics(evaluated: Sequence[EvaluatedQuestion]) -> None:
    click.echo(f"{'':28}{'n':>5}{'right':>8}{'answered':>10}{'wrong':>8}{'refused':>9}")
    for row in metrics_table(evaluated):
        shares = [estimate.value for estimate in (row.right, row.answered, row.wrong, row.refused)]
        click.echo("{:28}{:5}{:8.1%}{:10.1%}{:8.1%}{:9.1%}".format(row.slice, row.count, *shares))
    click.echo(f"\n{format_headline(('value',), (compute_metrics(evaluated),))}")
