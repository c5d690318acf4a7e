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


DRAWERS: dict[str, Callable[[Values], Drawn]] = {}


def draw(kind: str, values: Values) -> Drawn:
    """The file of a drawing; raises KeyError for a kind that nothing here draws."""
    return DRAWERS[kind](values)
