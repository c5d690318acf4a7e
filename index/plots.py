"""Pictures of the evaluation: the only module that imports matplotlib."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from index.evaluate import calibration_error, reliability, risk_coverage
from index.judge import Judged

BLUE, ORANGE, GREY = "#1f5f99", "#c8620a", "#6b6b6b"
OUTCOMES = (
    "answered,\nright",
    "answered,\nwrong",
    "choice,\nright",
    "choice,\nwrong",
    "abstained",
    "consultation",
    "small talk",
)
CAPTIONS = {
    "risk-coverage.png": "How many of the answers shown are wrong, by how many questions are answered",
    "calibration.png": "How often the first in the ranking is right, by the probability reported",
    "outcomes.png": "What came of each kind of question",
}


def draw(folder: Path, judged: Sequence[Judged], answer_from: float) -> list[tuple[str, str]]:
    """Draw all pictures into a folder; gives their file names with captions."""
    made: Mapping[str, Callable[[], Figure]] = {
        "risk-coverage.png": lambda: _risk_coverage(judged, answer_from),
        "calibration.png": lambda: _calibration(judged),
        "outcomes.png": lambda: _outcomes(judged),
    }
    for name, make in made.items():
        make().savefig(folder / name, dpi=144)
    return [(name, CAPTIONS[name]) for name in made]


def _risk_coverage(judged: Sequence[Judged], answer_from: float) -> Figure:
    figure, axes = _figure("Risk and coverage", f"{len(judged)} questions; the surest answers are shown first")
    groups = (
        ("all questions", BLUE, judged),
        ("answerable questions alone", ORANGE, [one for one in judged if one.item.answerable]),
    )
    for label, colour, found in groups:
        if not any(one.showable for one in found):
            continue
        coverage, risk = ([100 * value for value in values] for values in risk_coverage(found))
        axes.plot(coverage, risk, color=colour, linewidth=2, label=label)
        if shown := sum(one.showable and one.score >= answer_from for one in found):
            axes.plot(coverage[shown - 1], risk[shown - 1], "o", color=colour, markersize=9)
            axes.annotate(
                f"{coverage[shown - 1]:.0f} % answered, {risk[shown - 1]:.1f} % of them wrong",
                (coverage[shown - 1], risk[shown - 1]),
                (-10, 8),
                textcoords="offset points",
                ha="right",
                color=colour,
            )
    axes.plot([], [], "o", color=GREY, label=f"at the threshold in use, {answer_from:g}")
    axes.set(xlabel="Coverage: questions answered (%)", ylabel="Risk: wrong among those answered (%)", xlim=(0, 100))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)
    return figure


def _calibration(judged: Sequence[Judged]) -> Figure:
    bins = reliability(judged)
    error = calibration_error(bins)
    figure, axes = _figure("Calibration", f"{len(judged)} questions; expected calibration error {error:.3f}")
    axes.plot([0, 1], [0, 1], "--", color=GREY, label="perfect")
    middle = [one.right.value for one in bins]
    spread = [[one.right.value - one.right.low for one in bins], [one.right.high - one.right.value for one in bins]]
    axes.errorbar(
        [one.probability for one in bins],
        middle,
        spread,
        fmt="o-",
        color=BLUE,
        capsize=3,
        label=f"{len(bins)} bins of equal size, 95 % intervals",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.set(xlabel="Probability reported (0 to 1)", ylabel="Share whose first in the ranking is right (0 to 1)")
    axes.legend(loc="upper left", frameon=False)
    return figure


def _outcomes(judged: Sequence[Judged]) -> Figure:
    kinds = list(dict.fromkeys(one.item.kind for one in judged))
    counts = [[0] * len(OUTCOMES) for _ in kinds]
    for one in judged:
        counts[kinds.index(one.item.kind)][_column(one)] += 1
    sizes = [sum(line) for line in counts]
    figure, axes = _figure("Outcomes by kind of question", f"{len(judged)} questions: number, and share of the kind")
    shares = [[100 * count / size for count in line] for line, size in zip(counts, sizes, strict=True)]
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            value = shares[row][column]
            text = f"{count}\n{value:.0f} %" if count else "·"
            axes.text(column, row, text, ha="center", va="center", color="white" if value > 55 else "black", size=9)
    axes.set_xticks(range(len(OUTCOMES)), OUTCOMES)
    axes.set_yticks(range(len(kinds)), [f"{kind}\n(n = {size})" for kind, size in zip(kinds, sizes, strict=True)])
    axes.set(xlabel="What came", ylabel="Kind of question")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="Share of the kind (%)")
    return figure


def _column(one: Judged) -> int:
    if one.status in ("answered", "clarify"):
        return 2 * (one.status == "clarify") + (not one.right)
    return {"abstained": 4, "consultation": 5, "smalltalk": 6}[one.status]


def _figure(title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.5, 6), layout="constrained")
    axes = figure.subplots()
    figure.suptitle(title, fontsize=15)
    axes.set_title(subtitle, fontsize=10, color=GREY)
    axes.grid(color="#e3e3e3")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
