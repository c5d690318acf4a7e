"""Plots of an evaluation: the only module that imports matplotlib."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from index.evaluation.metrics import calibration_error, confusion_counts, evaluated_bins, risk_coverage_curve
from index.evaluation.run import EvaluatedQuestion

BLUE, ORANGE, GREY = "#1f5f99", "#c8620a", "#6b6b6b"
MIN_ANSWERS = 10  # the share of wrong answers among fewer is meaningless
# label, status, and the values of ``right`` that are counted
OUTCOME_COLUMNS = (
    ("answered,\nright", "answered", (True,)),
    ("answered,\nwrong", "answered", (False,)),
    ("choice,\nright", "clarify", (True,)),
    ("choice,\nwrong", "clarify", (False,)),
    ("abstained", "abstained", (True, False)),
    ("consultation", "consultation", (True, False)),
    ("small talk", "smalltalk", (True, False)),
)


def draw_plots(
    folder: Path, evaluated: Sequence[EvaluatedQuestion], split_name: str, answer_from: float
) -> list[tuple[str, str]]:
    """Draw all plots of one split into a folder; returns their file names with captions."""
    part_text = f"{len(evaluated)} questions{'' if split_name == 'all' else f' of the {split_name} part'}"
    plots = (
        (
            "risk-coverage.png",
            "How many of the answers shown are wrong",
            _plot_risk_coverage(evaluated, part_text, answer_from),
        ),
        ("calibration.png", "How often the first in the ranking is right", _plot_calibration(evaluated, part_text)),
        ("outcomes.png", "What came of each kind of question", _plot_outcomes(evaluated, part_text)),
    )
    for file, _, figure in plots:
        figure.savefig(folder / file, dpi=144)
    return [(file, caption) for file, caption, _ in plots]


def _plot_risk_coverage(evaluated: Sequence[EvaluatedQuestion], part_text: str, answer_from: float) -> Figure:
    subtitle = f"{part_text}; the surest answers first, from the {MIN_ANSWERS}th on"
    figure, axes = _new_figure("Risk and coverage", subtitle)
    groups = (
        ("all questions", BLUE, evaluated),
        ("answerable questions alone", ORANGE, [question for question in evaluated if question.item.is_answerable]),
    )
    for label, colour, group in groups:
        coverage, risk = ([100 * value for value in values] for values in risk_coverage_curve(group))
        axes.plot(coverage[MIN_ANSWERS - 1 :], risk[MIN_ANSWERS - 1 :], color=colour, linewidth=2, label=label)
        if shown_count := sum(question.probability >= answer_from for question in group):
            point = coverage[shown_count - 1], risk[shown_count - 1]
            text = f"{point[0]:.0f} % answered, {point[1]:.1f} % of them wrong"
            axes.plot(*point, "o", color=colour, markersize=9)
            axes.annotate(text, point, (-10, 8), textcoords="offset points", ha="right", color=colour)
    axes.plot([], [], "o", color=GREY, label=f"at the threshold in use, {answer_from:g}")
    axes.set(xlabel="Coverage: questions answered (%)", ylabel="Risk: wrong among those answered (%)", xlim=(0, 100))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)
    return figure


def _plot_calibration(evaluated: Sequence[EvaluatedQuestion], part_text: str) -> Figure:
    bins = evaluated_bins(evaluated)
    subtitle = f"{part_text}; expected calibration error {calibration_error(bins):.3f}"
    figure, axes = _new_figure("Calibration", subtitle)
    axes.plot([0, 1], [0, 1], "--", color=GREY, label="perfect")
    shares = [item.right for item in bins]
    axes.errorbar(
        [item.probability for item in bins],
        [share.value for share in shares],
        [[share.value - share.low for share in shares], [share.high - share.value for share in shares]],
        fmt="o-",
        color=BLUE,
        capsize=3,
        label=f"{len(bins)} bins of equal size, 95 % intervals",
    )
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set(xlabel="Probability reported (0 to 1)", ylabel="Share whose first in the ranking is right (0 to 1)")
    axes.legend(loc="upper left", frameon=False)
    return figure


def _plot_outcomes(evaluated: Sequence[EvaluatedQuestion], part_text: str) -> Figure:
    figure, axes = _new_figure("Outcomes by kind of question", f"{part_text}: number, and share of the kind")
    counts_by_kind = confusion_counts(evaluated)
    colours = [[_cell_colour(counts, outcome) for outcome in OUTCOME_COLUMNS] for counts in counts_by_kind.values()]
    axes.imshow(colours, aspect="auto")
    for row, counts in enumerate(counts_by_kind.values()):
        for column, outcome in enumerate(OUTCOME_COLUMNS):
            count, share = _count_cell(counts, outcome)
            text = f"{count}\n{f'{100 * share:.0f}' if share >= 0.005 else '<1'} %" if count else "·"
            colour = "white" if share > 0.6 else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour, size=9)
    axes.set_xticks(range(len(OUTCOME_COLUMNS)), [label for label, *_ in OUTCOME_COLUMNS])
    kind_labels = [f"{kind}\n(n = {counts.total()})" for kind, counts in counts_by_kind.items()]
    axes.set_yticks(range(len(kind_labels)), kind_labels)
    axes.set(xlabel="What came", ylabel="Kind of question")
    axes.grid(visible=False)
    legend = [Patch(color=BLUE, label="right outcome"), Patch(color=ORANGE, label="wrong outcome")]
    axes.legend(handles=legend, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    return figure


_OutcomeColumn = tuple[str, str, tuple[bool, ...]]


def _count_cell(counts: Counter[tuple[str, bool]], column: _OutcomeColumn) -> tuple[int, float]:
    count = sum(counts[column[1], right] for right in column[2])
    return count, count / counts.total()


def _cell_colour(counts: Counter[tuple[str, bool]], column: _OutcomeColumn) -> tuple[float, float, float, float]:
    """Return blue if most of a cell is right, else orange; more opaque the larger its share of the kind."""
    count, share = _count_cell(counts, column)
    right = sum(counts[column[1], right] for right in column[2] if right)
    return to_rgba(BLUE if 2 * right > count else ORANGE, 0.12 + 0.88 * share if count else 0)


def _new_figure(title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.5, 6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=15, pad=24)
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, color=GREY, fontsize=10)
    axes.grid(color="#e3e3e3")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
