"""What the bot draws when it is sent: pictures and documents. Nothing binary waits in the store.

Each kind has a function here that makes the file from a few values, which are all that is kept until then.
"""

from collections.abc import Callable

from bot.drawings.drawn import Drawn, Values
from bot.drawings.picture import picture

__all__ = ["DRAWERS", "Drawn", "Values", "draw"]

DRAWERS: dict[str, Callable[[Values], Drawn]] = {
    "picture": picture,
}


def draw(kind: str, values: Values) -> Drawn:
    """The file of a drawing; raises KeyError for a kind that nothing here draws."""
    return DRAWERS[kind](values)
