"""Render the report as Markdown that is also readable on a terminal. Pure."""

from collections.abc import Sequence

from index.evaluation.bootstrap import Estimate
from index.evaluation.comparison import Comparison, MeasureChange, QuestionPair
from index.evaluation.metrics import (
    JUDGEMENT_SPLIT,
    EvaluationMetrics,
    SliceMetrics,
    compute_metrics,
    splits,
    worst_refusals,
    worst_wrong_answers,
)
from index.evaluation.report import ReportHeader
from index.evaluation.retrieval_benchmark import BOT_METHOD, RetrievalScore
from index.evaluation.run import EvaluatedQuestion, FeatureContribution

NO_PLOTS_NOTE = "No pictures: matplotlib is not installed (it comes with the build dependencies)."
SHOWN_MEASURES = ("first", "right", "wrong")  # measures of a comparison; report.json has all
_SPLIT_TITLES = {JUDGEMENT_SPLIT: "Judgement part: {} questions", "all": "All {} questions"}
_JUDGEMENT_NOTE = (
    "These are set aside from fitting. They are unseen as long as the decision named above was fitted on the "
    "calibration part alone."
)
_LEGEND = (
    "Shares of n, each with its 95 % bootstrap interval. *Right*: the expected outcome. *Answered*: an entry was "
    "shown as the answer. *Wrong*: an answer or a choice was shown that is not right. *Refused*: an answerable "
    "question was refused."
)


def render_report(
    header: ReportHeader,
    evaluated: Sequence[EvaluatedQuestion],
    comparisons: Sequence[Comparison],
    plots: Sequence[tuple[str, str]],
) -> str:
    """Render the whole report; ``plots`` are file names with captions."""
    sections = [f"# Evaluation of {header.made}", _format_header(header), _LEGEND]
    for name, group in splits(evaluated).items():
        sections += [f"## {_SPLIT_TITLES[name].format(len(group))}"]
        sections += [_JUDGEMENT_NOTE] if name == JUDGEMENT_SPLIT else []
        sections += [_format_split(compute_metrics(group))]
    sections += ["## Pictures", *([f"![{caption}]({name})" for name, caption in plots] or [NO_PLOTS_NOTE])]
    for compared in comparisons:
        sections += [f"## {compared.before} and {compared.after}", format_comparison(compared)]
    sections += ["## The worst wrong answers", _format_cases(worst_wrong_answers(evaluated))]
    sections += ["## The answerable questions most surely refused", _format_cases(worst_refusals(evaluated))]
    return "\n\n".join(sections) + "\n"


def _format_header(header: ReportHeader) -> str:
    return (
        f"Questions: {header.questions}. Encoder: {header.encoder}. Content: {header.content[:16]}. "
        f"Decision: {header.fitted_on}; answers from a probability of {header.answer_from}, offers a choice from "
        f"{header.offer_from}."
    )


def _format_split(metrics: EvaluationMetrics) -> str:
    tables = (("total", metrics.totals), ("kind", metrics.kinds), ("language", metrics.languages))
    slice_tables = (format_slices(name, slices) for name, slices in tables)
    return "\n\n".join((format_headline(("value",), (metrics,)), *slice_tables))


def _format_cases(questions: Sequence[EvaluatedQuestion]) -> str:
    return "\n".join(map(format_case, questions)) or "None."


def format_slices(name: str, slices: Sequence[SliceMetrics]) -> str:
    """Format a table of slices: shares with their intervals."""
    lines = [
        [row.slice, str(row.count), *map(format_share, (row.right, row.answered, row.wrong, row.refused))]
        for row in slices
    ]
    return format_table((name, "n", "right", "answered", "wrong", "refused"), lines)


def format_headline(columns: Sequence[str], all_metrics: Sequence[EvaluationMetrics]) -> str:
    """Format a table of the metrics that are not sliced, with one column per evaluation."""
    lines = (
        ("first in the ranking is right, of the answerable", [format_share(m.first) for m in all_metrics]),
        ("AUROC, right answers against far", [format_estimate(m.auroc_far) for m in all_metrics]),
        ("AUROC, right answers against near and unanswerable", [format_estimate(m.auroc_near) for m in all_metrics]),
        ("expected calibration error", [f"{m.calibration_error:.3f}" for m in all_metrics]),
        ("duration of a search, p50, ms", [f"{m.p50:.1f}" for m in all_metrics]),
        ("duration of a search, p95, ms", [f"{m.p95:.1f}" for m in all_metrics]),
    )
    return format_table(("figure", *columns), [(label, *values) for label, values in lines])


def format_case(question: EvaluatedQuestion) -> str:
    """Format one wrong question with the contributions for and against its top-ranked entry."""
    item = question.item
    traits = ", ".join(text for text in (item.kind, item.lang, item.split) if text)
    expected = f"answered with {' or '.join(item.entries)}" if item.is_answerable else item.expect
    contributions = sorted(question.reasons, key=lambda contribution: -abs(contribution.share))
    return "\n".join(
        (
            f"- **{item.id}** ({traits}): {join_lines(item.question)}",
            f"  - expected: {expected}",
            f"  - came: {question.outcome_text}; probability {question.probability:.2f} "
            f"for {question.best or 'nothing'}",
            f"  - for: {_format_contributions([part for part in contributions if part.share > 0])}",
            f"  - against: {_format_contributions([part for part in contributions if part.share < 0])}",
        )
    )


def format_comparison(compared: Comparison) -> str:
    """Format a comparison: a table, and the questions that changed."""
    sections = [format_differences(compared)]
    for name, pairs in (("right", compared.turned_right), ("wrong", compared.turned_wrong)):
        sections += [f"Turned {name}, {compared.before} → {compared.after}: {len(pairs)}"]
        sections += [format_turned(pairs)] if pairs else []
    return "\n\n".join(sections)


def format_differences(compared: Comparison) -> str:
    """Format the differences of a comparison by slice."""
    if not compared.count:
        return f"No question in common with {compared.before}."
    by_measure = ([change for change in compared.changes if change.measure == name] for name in SHOWN_MEASURES)
    rows = [_format_change(changes) for changes in zip(*by_measure, strict=True)]
    change_table = format_table(("slice", "n", *SHOWN_MEASURES), rows)
    headline_table = format_headline((compared.before, compared.after), compared.figures)
    note = (compared.note,) if compared.note else ()
    return "\n\n".join((*note, _format_counts(compared), headline_table, change_table))


def format_turned(pairs: Sequence[QuestionPair]) -> str:
    """Format a list of questions with the outcomes before and after."""
    return "\n".join(
        f"- {after.item.id} ({after.item.kind}): {join_lines(after.item.question)}"
        f" — {before.outcome_text} → {after.outcome_text}"
        for before, after in pairs
    )


def format_retrieval(scores: Sequence[RetrievalScore]) -> str:
    """Format the scores of a retrieval benchmark, one table per file of passages."""
    languages = dict.fromkeys(score.passages for score in scores)
    return "\n\n".join(
        f"Passages in {lang}:\n\n{_format_scores([score for score in scores if score.passages == lang])}"
        for lang in languages
    )


def _format_scores(scores: Sequence[RetrievalScore]) -> str:
    lines = [
        (
            f"{score.questions}: {score.method}",
            str(score.count),
            format_share(score.hit_at_1),
            f"{score.mrr_at_10:.3f}",
            f"{score.ndcg_at_10:.3f}",
            f"{score.p50:.1f} / {score.p95:.1f}" if score.method == BOT_METHOD else "",
        )
        for score in scores
    ]
    return format_table(("questions: method", "n", "hit@1", "MRR@10", "nDCG@10", "p50 / p95, ms"), lines)


def _format_contributions(contributions: Sequence[FeatureContribution]) -> str:
    texts = [
        f"{part.feature} {part.value:.3g} ({part.share:+.2f})" for part in contributions if abs(part.share) >= 0.005
    ]
    return "; ".join(texts) or "nothing"


def _format_change(changes: Sequence[MeasureChange]) -> list[str]:
    cells = [
        f"{format_percent(change.before)} → {format_percent(change.after)}, {format_points(change.difference)}"
        for change in changes
    ]
    return [changes[0].slice, str(changes[0].count), *cells]


def _format_counts(compared: Comparison) -> str:
    text = f"{compared.count} questions in common"
    if compared.dropped or compared.added:
        text += f"; {compared.dropped} only in {compared.before}, {compared.added} only in {compared.after}"
    if compared.relabelled:
        text += f"; {compared.relabelled} carry another label, so they may turn without a change in the bot"
    return (
        f"{text}. {compared.before} → {compared.after}, and the difference in percentage points "
        "with its 95 % interval."
    )


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table with padded columns, the first left-aligned, the others right-aligned."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    rule = [("-" * width, "-" * (width - 1) + ":")[column > 0] for column, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(_pad_cells(row, widths))} |" for row in (header, rule, *rows))


def format_percent(value: float) -> str:
    """Format a share (0 to 1) as a percentage."""
    return f"{value:.1%}".replace("%", " %")


def format_share(estimate: Estimate | None) -> str:
    """Format a share with its interval in per cent; a dash for None."""
    if estimate is None:
        return "–"
    return f"{format_percent(estimate.value)} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def format_estimate(estimate: Estimate | None) -> str:
    """Format a value with its interval; a dash for None."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]" if estimate else "–"


def format_points(estimate: Estimate) -> str:
    """Format a difference of shares with its interval in percentage points."""
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"


def join_lines(text: str) -> str:
    """Collapse all white space, so that a text takes one line."""
    return " ".join(text.split())


def _pad_cells(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    first_cell, *other_cells = zip(cells, widths, strict=True)
    return [first_cell[0].ljust(first_cell[1]), *(cell.rjust(width) for cell, width in other_cells)]
