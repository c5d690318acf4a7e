"""`gwbot eval`: measure how well the bot answers, and compare with the last report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.knowledge import problems_in_english
from bot.cli.options import chosen_settings, index_option, questions_option, require_questions_file
from bot.cli.terminal import showing_progress
from bot.errors import GwError
from bot.settings import Settings

if TYPE_CHECKING:
    from index.evaluation.comparison import Comparison
    from index.evaluation.dataset import LabelledQuestion
    from index.evaluation.report import ReportHeader
    from index.evaluation.run import EvaluatedQuestion
    from index.storage.reader import IndexReader

REPORT_TEXT_FILE = "report.md"
_FOLDER_TYPE = click.Path(path_type=Path, file_okay=False)


@click.command(name="eval")
@questions_option
@index_option
@click.option("--sample", type=click.IntRange(min=1), help="Evaluate only so many, evenly chosen, for a quick look.")
@click.option("--sealed", is_flag=True, help="Evaluate the sealed questions instead; each time is recorded.")
@click.option("--cases", is_flag=True, help="List every question whose outcome is not right.")
@click.option("--report", type=_FOLDER_TYPE, help="Write the report here instead of <data>/reports/<UTC time>.")
@click.option(
    "--compare", type=_FOLDER_TYPE, help="Compare with this report instead of the newest in <data>/reports."
)
@click.option("--against", metavar="NAME_OR_DIR", help="Evaluate another index, encoder or cross-encoder as well.")
@click.option(
    "--retrieval", type=_FOLDER_TYPE, help="Measure retrieval alone, on the passages and questions in this folder."
)
def eval_command(
    path: Path | None,
    root: Path | None,
    sample: int | None,
    sealed: bool,
    cases: bool,
    report: Path | None,
    compare: Path | None,
    against: str | None,
    retrieval: Path | None,
) -> None:
    """Evaluate the bot on labelled questions, by kind and language, and write a report."""
    from bot.app.index_loader import open_index
    from index.evaluation.comparison import compare_evaluations
    from index.evaluation.dataset import SEALED_QUESTIONS, choose_evenly, read_labelled_questions
    from index.evaluation.markdown_report import format_differences
    from index.evaluation.report import record_opening
    from index.evaluation.run import evaluate_questions

    settings = chosen_settings()
    if retrieval:
        if root or sample or sealed or cases or compare or against:
            raise click.UsageError(
                "--retrieval measures another collection, so it can be combined with --report alone."
            )
        with problems_in_english():
            _measure_retrieval(settings, retrieval, report)
        return
    if sealed and (path or sample):
        raise click.UsageError(
            "--sealed means all sealed questions, so it cannot be combined with others or a sample."
        )
    questions_file = SEALED_QUESTIONS if sealed else require_questions_file(path)
    with problems_in_english():
        items = read_labelled_questions(questions_file)
    if sample:
        items = choose_evenly(items, sample)
    created = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    folder = report or settings.bot_dir / "reports" / created
    earlier_results = _read_earlier_report(settings, compare, folder)
    searcher = open_index(settings, root).current_searcher()
    baseline = _evaluate_baseline(settings, items, against, root) if against else None
    _create_folder(folder)
    with showing_progress("questions") as progress:
        evaluated = evaluate_questions(items, searcher, progress)
    header = _make_header(searcher.reader, created, questions_file.name)
    if sealed:  # first of all, so that no use goes unrecorded
        click.echo(f"Recorded in {record_opening(header, evaluated)}", err=True)
    _print_metrics(evaluated)
    comparisons = [compare_evaluations(outcomes, evaluated, (name, "now")) for name, outcomes in earlier_results]
    for comparison in comparisons:
        right, wrong = len(comparison.turned_right), len(comparison.turned_wrong)
        click.echo(f"\nSince {comparison.before}: {right} turned right, {wrong} turned wrong.")
    if baseline:
        outcomes, note = baseline
        comparisons.append(compare_evaluations(evaluated, outcomes, ("in use", Path(against or "").name), note))
        click.echo(f"\n{format_differences(comparisons[-1])}")
    _write_report(folder, header, evaluated, comparisons)
    for question in evaluated if cases else ():
        if not question.right:
            item = question.item
            click.echo(f"{item.id} [{item.kind}] {item.question!r}\n    {item.entries} <- {question.outcome_text}")


def _write_report(
    folder: Path,
    header: "ReportHeader",
    evaluated: "Sequence[EvaluatedQuestion]",
    comparisons: "Sequence[Comparison]",
) -> None:
    from index.evaluation.markdown_report import NO_PLOTS_NOTE, render_report
    from index.evaluation.metrics import splits
    from index.evaluation.report import write_report_json

    write_report_json(folder, header, evaluated, comparisons)
    split_name, group = next(iter(splits(evaluated).items()))
    try:
        from index.evaluation.plots import draw_plots
    except ImportError:  # matplotlib is optional
        plots = []
    else:
        plots = draw_plots(folder, group, split_name, header.answer_from)
    report = render_report(header, evaluated, comparisons, plots)
    (folder / REPORT_TEXT_FILE).write_text(report, encoding="utf-8", errors="replace")
    click.echo(f"\nReport: {folder / REPORT_TEXT_FILE}{'' if plots else f'. {NO_PLOTS_NOTE}'}")


def _measure_retrieval(settings: Settings, collection_dir: Path, report: Path | None) -> None:
    """Print the figures of retrieval alone on a collection; write them if a report folder is given."""
    from index.encoder.encoder import OnnxEncoder
    from index.evaluation.markdown_report import format_retrieval
    from index.evaluation.report import write_retrieval_json
    from index.evaluation.retrieval_benchmark import measure_retrieval, read_collection

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
) -> "list[tuple[str, list[EvaluatedQuestion]]]":
    """Return name and questions of the requested report, or of the newest if it can be read; else nothing."""
    from index.evaluation.report import find_newest_report, read_evaluated_questions

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


def _evaluate_baseline(
    settings: Settings, items: "Sequence[LabelledQuestion]", name: str, root: Path | None
) -> "tuple[list[EvaluatedQuestion], str]":
    """Evaluate the questions with another index or model; return them with a note about it."""
    from bot.app.index_loader import make_index_backend
    from index.evaluation.alternative import open_baseline
    from index.evaluation.run import evaluate_questions

    with (
        open_baseline(name, settings.data_dir, root or make_index_backend(settings)) as (searcher, note),
        showing_progress("questions") as progress,
    ):
        return evaluate_questions(items, searcher, progress), note


def _make_header(reader: "IndexReader", created: str, questions_name: str) -> "ReportHeader":
    from index.evaluation.report import ReportHeader

    return ReportHeader(
        made=created,
        questions=questions_name,
        encoder=reader.manifest.encoder,
        content=reader.manifest.content_digest,
        fitted_on=reader.calibration.origin,
        answer_from=reader.calibration.answer_from,
        offer_from=reader.calibration.offer_from,
    )


def _print_metrics(evaluated: "Sequence[EvaluatedQuestion]") -> None:
    from index.evaluation.markdown_report import format_headline
    from index.evaluation.metrics import compute_metrics, metrics_table

    click.echo(f"{'':28}{'n':>5}{'right':>8}{'answered':>10}{'wrong':>8}{'refused':>9}")
    for row in metrics_table(evaluated):
        shares = [estimate.value for estimate in (row.right, row.answered, row.wrong, row.refused)]
        click.echo("{:28}{:5}{:8.1%}{:10.1%}{:8.1%}{:9.1%}".format(row.slice, row.count, *shares))
    click.echo(f"\n{format_headline(('value',), (compute_metrics(evaluated),))}")


COMMANDS = (eval_command,)
