"""What the bot draws when it is sent: pictures and documents. Nothing binary waits in the store.

Each kind has a function here that makes the file from a few values, which are all that is kept until then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A file to be sent: a PNG or a PDF."""

    name: str
    content: bytes


def _chart(values: Values) -> Drawn:
    from bot.drawings.typeset import chart  # what sets type is loaded when something is drawn

    return chart(values)


def _takeaway(values: Values) -> Drawn:
    from bot.drawings.typeset import takeaway

    return takeaway(values)


DRAWERS: dict[str, Callable[[Values], Drawn]] = {"chart": _chart, "takeaway": _takeaway}


def draw(kind: str, values: Values) -> Drawn:
    """The file of a drawing; raises KeyError for a kind that nothing here draws."""
    return DRAWERS[kind](values)
