"""Figures and tables in Markdown that is also readable on a terminal. Pure."""

from collections.abc import Sequence

from index.evaluation.bootstrap import Estimate


def grid(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table with columns of equal width: the first to the left, the others to the right."""
    widths = [max(len(line[column]) for line in (header, *lines)) for column in range(len(header))]
    rule = [("-" * width, "-" * (width - 1) + ":")[column > 0] for column, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(_padded(line, widths))} |" for line in (header, rule, *lines))


def percent(value: float) -> str:
    """A share as a percentage."""
    return f"{value:.1%}".replace("%", " %")


def share(found: Estimate | None) -> str:
    """A share with its interval, in per cent; a dash where there is none."""
    return f"{percent(found.value)} [{100 * found.low:.1f}, {100 * found.high:.1f}]" if found else "–"


def number(found: Estimate | None) -> str:
    """A figure with its interval; a dash where there is none."""
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]" if found else "–"


def points(found: Estimate) -> str:
    """A difference of shares with its interval, in percentage points."""
    return f"{100 * found.value:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def line(text: str) -> str:
    """A text of several lines as one."""
    return " ".join(text.split())


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(cells, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
