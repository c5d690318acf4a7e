"""What the bot draws when it is sent: pictures and documents. Nothing binary waits in the store.

Each kind has a function here that makes the file from a few values, which are all that is kept until then.
"""

import errno
import os
from collections.abc import Callable

from bot.attachments.attachment import AttachmentValues, RenderedFile
from bot.errors import RenderingFailed, RenderingUnavailable

__all__ = ["FAILED_EXIT_CODE", "PREMADE_KINDS", "RENDERERS", "AttachmentValues", "RenderedFile", "render_attachment"]

FAILED_EXIT_CODE = os.EX_DATAERR  # the code with which the process ends that can never draw what is wanted
PREMADE_KINDS = frozenset(("picture",))  # what is only read
TRANSIENT_ERRNOS = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT, errno.EIO)
)  # what the machine may have again later


def _render_chart(values: AttachmentValues) -> RenderedFile:
    from bot.attachments.typst_documents import render_chart  # what sets type is loaded when something is drawn

    return render_chart(values)


def _load_picture(values: AttachmentValues) -> RenderedFile:
    from bot.attachments.intro_picture import load_picture

    return load_picture(values)


def _render_qr_code(values: AttachmentValues) -> RenderedFile:
    from bot.attachments.qr_code import render_qr_code

    return render_qr_code(values)


def _render_handout(values: AttachmentValues) -> RenderedFile:
    from bot.attachments.typst_documents import render_handout

    return render_handout(values)


def _render_data_page(values: AttachmentValues) -> RenderedFile:
    from bot.attachments.data_export import render_data_page

    return render_data_page(values)


def _render_data_json(values: AttachmentValues) -> RenderedFile:
    from bot.attachments.data_export import render_data_json

    return render_data_json(values)


RENDERERS: dict[str, Callable[[AttachmentValues], RenderedFile]] = {
    "chart": _render_chart,
    "held_json": _render_data_json,
    "held_page": _render_data_page,
    "picture": _load_picture,
    "qr": _render_qr_code,
    "takeaway": _render_handout,
}


def render_attachment(kind: str, values: AttachmentValues) -> RenderedFile:
    """The file of a drawing; nothing of the values is in a message.

    Raises:
        RenderingFailed: it can never be made: nothing draws this kind, the values do not fit, a picture is not there.
        RenderingUnavailable: it cannot be made now.
    """
    message = f"the drawing '{kind}' could not be made"
    try:
        return RENDERERS[kind](values)
    except MemoryError:
        raise RenderingUnavailable(f"{message} now (MemoryError)") from None
    except OSError as error:
        if error.errno in TRANSIENT_ERRNOS:
            raise RenderingUnavailable(f"{message} now ({error.strerror})") from None
        raise RenderingFailed(f"{message} ({error.strerror})") from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of typst is no Exception
        raise RenderingFailed(f"{message} ({type(error).__name__})") from None
