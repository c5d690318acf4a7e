"""What the bot draws when it is sent: pictures and documents. Nothing binary waits in the store.

Each kind has a function here that makes the file from a few values, which are all that is kept until then.
"""

import errno
import os
from collections.abc import Callable

from bot.attachments.attachment import Drawn, Values
from bot.errors import DrawingFailed, DrawingUnavailable

__all__ = ["DRAWERS", "FAILED", "READY", "Drawn", "Values", "draw"]

FAILED = os.EX_DATAERR  # the code with which the process ends that can never draw what is wanted
READY = frozenset(("picture",))  # what is only read
SHORT_OF = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT, errno.EIO)
)  # what the machine may have again later


def _chart(values: Values) -> Drawn:
    from bot.attachments.typst_documents import chart  # what sets type is loaded when something is drawn

    return chart(values)


def _picture(values: Values) -> Drawn:
    from bot.attachments.intro_picture import picture

    return picture(values)


def _qr(values: Values) -> Drawn:
    from bot.attachments.qr_code import drawn

    return drawn(values)


def _takeaway(values: Values) -> Drawn:
    from bot.attachments.typst_documents import takeaway

    return takeaway(values)


def _held_page(values: Values) -> Drawn:
    from bot.attachments.data_export import page

    return page(values)


def _held_json(values: Values) -> Drawn:
    from bot.attachments.data_export import data

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
    """The file of a drawing; nothing of the values is in a message.

    Raises:
        DrawingFailed: it can never be made: nothing draws this kind, the values do not fit, a picture is not there.
        DrawingUnavailable: it cannot be made now.
    """
    failed = f"the drawing '{kind}' could not be made"
    try:
        return DRAWERS[kind](values)
    except MemoryError:
        raise DrawingUnavailable(f"{failed} now (MemoryError)") from None
    except OSError as error:
        if error.errno in SHORT_OF:
            raise DrawingUnavailable(f"{failed} now ({error.strerror})") from None
        raise DrawingFailed(f"{failed} ({error.strerror})") from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of typst is no Exception
        raise DrawingFailed(f"{failed} ({type(error).__name__})") from None
