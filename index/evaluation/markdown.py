"""Figures and tables in Markdown that is also readable on a terminal. Pure."""

from collections.abc import Sequence

from index.evaluation.bootstrap import Estimate


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with columns of equal width: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    rule = [("-" * width, "-" * (width - 1) + ":")[column > 0] for column, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(_pad_cells(row, widths))} |" for row in (header, rule, *rows))


def format_percent(value: float) -> str:
    """A share as a percentage."""
    return f"{value:.1%}".replace("%", " %")


def format_share(estimate: Estimate | None) -> str:
    """A share with its interval, in per cent; a dash where there is none."""
    return (
        f"{format_percent(estimate.value)} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]" if estimate else "–"
    )


def format_estimate(estimate: Estimate | None) -> str:
    """A figure with its interval; a dash where there is none."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]" if estimate else "–"


def format_points(estimate: Estimate) -> str:
    """A difference of shares with its interval, in percentage points."""
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"


def join_lines(text: str) -> str:
    """A text of several lines as one."""
    return " ".join(text.split())


def _pad_cells(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    first_cell, *other_cells = zip(cells, widths, strict=True)
    return [first_cell[0].ljust(first_cell[1]), *(cell.rjust(width) for cell, width in other_cells)]
