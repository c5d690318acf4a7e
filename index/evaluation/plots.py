"""Pictures of the evaluation: the only module that imports matplotlib."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from index.evaluation.metrics import calibration_error, confusion, reliability, risk_coverage
from index.evaluation.run import Judged

BLUE, ORANGE, GREY = "#1f5f99", "#c8620a", "#6b6b6b"
FIRST = 10  # the share of wrong ones among fewer answers says nothing
# label, status, and whether it is right where the status alone does not say so
COLUMNS = (
    ("answered,\nright", "answered", (True,)),
    ("answered,\nwrong", "answered", (False,)),
    ("choice,\nright", "clarify", (True,)),
    ("choice,\nwrong", "clarify", (False,)),
    ("abstained", "abstained", (True, False)),
    ("consultation", "consultation", (True, False)),
    ("small talk", "smalltalk", (True, False)),
)


def draw(folder: Path, judged: Sequence[Judged], name: str, answer_from: float) -> list[tuple[str, str]]:
    """Draw all pictures of one part of the questions into a folder; gives their file names with captions."""
    part = f"{len(judged)} questions{'' if name == 'all' else f' of the {name} part'}"
    pictures = (
        ("risk-coverage.png", "How many of the answers shown are wrong", _risk_coverage(judged, part, answer_from)),
        ("calibration.png", "How often the first in the ranking is right", _calibration(judged, part)),
        ("outcomes.png", "What came of each kind of question", _outcomes(judged, part)),
    )
    for file, _, figure in pictures:
        figure.savefig(folder / file, dpi=144)
    return [(file, caption) for file, caption, _ in pictures]


def _risk_coverage(judged: Sequence[Judged], part: str, answer_from: float) -> Figure:
    figure, axes = _figure("Risk and coverage", f"{part}; the surest answers first, from the {FIRST}th on")
    groups = (
        ("all questions", BLUE, judged),
        ("answerable questions alone", ORANGE, [one for one in judged if one.item.answerable]),
    )
    for label, colour, found in groups:
        coverage, risk = ([100 * value for value in values] for values in risk_coverage(found))
        axes.plot(coverage[FIRST - 1 :], risk[FIRST - 1 :], color=colour, linewidth=2, label=label)
        if shown := sum(one.probability >= answer_from for one in found):
            point = coverage[shown - 1], risk[shown - 1]
            text = f"{point[0]:.0f} % answered, {point[1]:.1f} % of them wrong"
            axes.plot(*point, "o", color=colour, markersize=9)
            axes.annotate(text, point, (-10, 8), textcoords="offset points", ha="right", color=colour)
    axes.plot([], [], "o", color=GREY, label=f"at the threshold in use, {answer_from:g}")
    axes.set(xlabel="Coverage: questions answered (%)", ylabel="Risk: wrong among those answered (%)", xlim=(0, 100))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)
    return figure


def _calibration(judged: Sequence[Judged], part: str) -> Figure:
    bins = reliability(judged)
    figure, axes = _figure("Calibration", f"{part}; expected calibration error {calibration_error(bins):.3f}")
    axes.plot([0, 1], [0, 1], "--", color=GREY, label="perfect")
    axes.errorbar(
        [one.probability for one in bins],
        [one.right.value for one in bins],
        [[one.right.value - one.right.low for one in bins], [one.right.high - one.right.value for one in bins]],
        fmt="o-",
        color=BLUE,
        capsize=3,
        label=f"{len(bins)} bins of equal size, 95 % intervals",
    )
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set(xlabel="Probability reported (0 to 1)", ylabel="Share whose first in the ranking is right (0 to 1)")
    axes.legend(loc="upper left", frameon=False)
    return figure


def _outcomes(judged: Sequence[Judged], part: str) -> Figure:
    figure, axes = _figure("Outcomes by kind of question", f"{part}: number, and share of the kind")
    counted = confusion(judged)
    axes.imshow([[_colour(found, column) for column in COLUMNS] for found in counted.values()], aspect="auto")
    for row, found in enumerate(counted.values()):
        for place, column in enumerate(COLUMNS):
            count, share = _cell(found, column)
            text = f"{count}\n{f'{100 * share:.0f}' if share >= 0.005 else '<1'} %" if count else "·"
            axes.text(place, row, text, ha="center", va="center", color="white" if share > 0.6 else "black", size=9)
    axes.set_xticks(range(len(COLUMNS)), [label for label, *_ in COLUMNS])
    axes.set_yticks(range(len(counted)), [f"{kind}\n(n = {found.total()})" for kind, found in counted.items()])
    axes.set(xlabel="What came", ylabel="Kind of question")
    axes.grid(visible=False)
    legend = [Patch(color=BLUE, label="right outcome"), Patch(color=ORANGE, label="wrong outcome")]
    axes.legend(handles=legend, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    return figure


_Column = tuple[str, str, tuple[bool, ...]]


def _cell(found: Counter[tuple[str, bool]], column: _Column) -> tuple[int, float]:
    count = sum(found[column[1], right] for right in column[2])
    return count, count / found.total()


def _colour(found: Counter[tuple[str, bool]], column: _Column) -> tuple[float, float, float, float]:
    """Blue where most of a cell is right, else orange; the fuller the more of the kind it holds."""
    count, share = _cell(found, column)
    right = sum(found[column[1], right] for right in column[2] if right)
    return to_rgba(BLUE if 2 * right > count else ORANGE, 0.12 + 0.88 * share if count else 0)


def _figure(title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.5, 6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=15, pad=24)
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, color=GREY, fontsize=10)
    axes.grid(color="#e3e3e3")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
