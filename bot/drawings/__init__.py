"""What the bot draws when it is sent: pictures and documents. Nothing binary waits in the store.

Each kind has a function here that makes the file from a few values, which are all that is kept until then.
"""

from collections.abc import Callable

from bot.drawings.drawn import Drawn, Values

__all__ = ["DRAWERS", "READY", "Drawn", "Values", "draw"]

READY = frozenset(("picture",))  # what is only read


def _chart(values: Values) -> Drawn:
    from bot.drawings.typeset import chart  # what sets type is loaded when something is drawn

    return chart(values)


def _picture(values: Values) -> Drawn:
    from bot.drawings.picture import picture

    return picture(values)


def _qr(values: Values) -> Drawn:
    from bot.drawings.qr import drawn

    return drawn(values)


def _takeaway(values: Values) -> Drawn:
    from bot.drawings.typeset import takeaway

    return takeaway(values)


def _held_page(values: Values) -> Drawn:
    from bot.drawings.held import page

    return page(values)


def _held_json(values: Values) -> Drawn:
    from bot.drawings.held import data

    return data(values)


DRAWERS: dict[str, Callable[[Values], Drawn]] = {
    "chart": _chart,
    "held_json": _held_json,
    "held_page": _held_page,
    "picture": _picture,
    "qr": _qr,
    "takeaway": _takeaway,
}


def draw(kind: str, values: Values) -> Drawn:
    """The file of a drawing; raises KeyError for a kind that nothing here draws."""
    return DRAWERS[kind](values)
