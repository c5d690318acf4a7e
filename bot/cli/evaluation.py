"""What `gwbot eval` does: judge the questions, compare, write the report, print the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.app.index_loader import index_place, open_index
from bot.errors import GwError
from bot.settings import Settings
from index.encoder.encoder import OnnxEncoder
from index.evaluation.alternative import opened_against
from index.evaluation.collection import read_collection
from index.evaluation.comparison import compare
from index.evaluation.dataset import Labelled
from index.evaluation.markdown_report import NO_PICTURES, differences, document, headline, retrieval
from index.evaluation.metrics import figures, table
from index.evaluation.report import Head, newest, read_outcomes, write_json, write_retrieval
from index.evaluation.retrieval_benchmark import measure
from index.evaluation.run import Judged, judge
from index.evaluation.slices import parts
from index.storage.reader import Opened

TEXT = "report.md"


def evaluate(
    settings: Settings,
    items: Sequence[Labelled],
    questions: str,
    root: Path | None = None,
    report: Path | None = None,
    earlier: Path | None = None,
    against: str | None = None,
) -> list[Judged]:
    """Judge all questions, print the figures and write the report; what the parameters are is said at the command."""
    made = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    folder = report or settings.home / "reports" / made
    before = _earlier(settings, earlier, folder)
    searcher = open_index(settings, root).searcher()
    other = _ask_other(settings, items, against, root) if against else None
    _create(folder)
    judged = judge(items, searcher)
    _print_figures(judged)
    comparisons = [compare(outcomes, judged, (name, "now")) for name, outcomes in before]
    for one in comparisons:
        click.echo(
            f"\nSince {one.before}: {len(one.turned_right)} turned right, {len(one.turned_wrong)} turned wrong."
        )
    if other:
        comparisons.append(compare(judged, other.judged, ("in use", other.name), other.note))
        click.echo(f"\n{differences(comparisons[-1])}")
    head = _head(searcher.opened, made, questions)
    write_json(folder, head, judged, comparisons)
    pictures = _pictures(folder, judged, head.answer_from)
    (folder / TEXT).write_text(document(head, judged, comparisons, pictures), encoding="utf-8", errors="replace")
    click.echo(f"\nReport: {folder / TEXT}{'' if pictures else f'. {NO_PICTURES}'}")
    return judged


def retrieve(settings: Settings, collection: Path, report: Path | None) -> None:
    """Print the figures of retrieval alone on a collection, and write them where a report folder is given."""
    found = read_collection(collection)
    if report:
        _create(report)
    scores = measure(found, OnnxEncoder.load(settings.encoder_dir))
    text = retrieval(scores)
    click.echo(text)
    if report:
        write_retrieval(report, scores)
        (report / "retrieval.md").write_text(f"# Retrieval on {collection.name}\n\n{text}\n", encoding="utf-8")


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GwError(f"The folder {folder} for the report cannot be made: {error.strerror}.") from None


def _earlier(settings: Settings, named: Path | None, now: Path) -> list[tuple[str, list[Judged]]]:
    """The report to compare with, by name: the one that was named, or else the newest, where it can be read."""
    if named:
        return [(named.name, read_outcomes(named))]
    found = newest(settings.home / "reports", now)
    if found is None:
        return []
    try:
        return [(found.name, read_outcomes(found))]
    except GwError as error:
        click.echo(f"Not compared with the last report: {error}", err=True)
        return []


@dataclass(frozen=True, slots=True)
class _Other:
    name: str
    judged: list[Judged]
    note: str


def _ask_other(settings: Settings, items: Sequence[Labelled], name: str, root: Path | None) -> _Other:
    with opened_against(name, settings.data_dir, root or index_place(settings)) as (searcher, note):
        return _Other(Path(name).name, judge(items, searcher), note)


def _head(opened: Opened, made: str, questions: str) -> Head:
    return Head(
        made=made,
        questions=questions,
        encoder=opened.manifest.encoder,
        content=opened.manifest.content_digest,
        fitted_on=opened.calibration.origin,
        answer_from=opened.calibration.answer_from,
        offer_from=opened.calibration.offer_from,
    )


def _pictures(folder: Path, judged: Sequence[Judged], answer_from: float) -> list[tuple[str, str]]:
    """Pictures of the part that heads the report, with captions; none where matplotlib is not installed."""
    try:
        from index.evaluation.plots import draw
    except ImportError:
        return []
    name, found = next(iter(parts(judged).items()))
    return draw(folder, found, name, answer_from)


def _print_figures(judged: Sequence[Judged]) -> None:
    click.echo(f"{'':28}{'n':>5}{'right':>8}{'answered':>10}{'wrong':>8}{'refused':>9}")
    for row in table(judged):
        shares = [one.value for one in (row.right, row.answered, row.wrong, row.refused)]
        click.echo("{:28}{:5}{:8.1%}{:10.1%}{:8.1%}{:9.1%}".format(row.slice, row.count, *shares))
    click.echo(f"\n{headline(('value',), (figures(judged),))}")
