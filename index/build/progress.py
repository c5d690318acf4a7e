"""The progress callback of a build."""

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int | None], None]  # activity, items done, items in total if known


def ignore_progress(activity: str, done: int, total: int | None) -> None:
    """Do nothing; the default callback."""
