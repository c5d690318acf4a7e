"""How a build tells how far it is."""

from collections.abc import Callable

ProgressCallback = Callable[
    [str, int, int | None], None
]  # what is being done, how many of it, of how many if that is known
