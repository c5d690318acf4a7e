"""Render a file of any kind, and classify the errors.

A queued call has a kind and a few values, from which the file is rendered when it is sent; only files that came by
e-mail are stored, until they are sent.
"""

import base64
import errno
import importlib
import os
from pathlib import Path

from bot.attachments import AttachmentValues, RenderedFile
from bot.errors import RenderingFailed, RenderingUnavailable

FAILED_EXIT_CODE = os.EX_DATAERR  # exit code of the rendering process if the file can never be rendered
IN_PROCESS_KINDS = frozenset(
    ("held_json", "held_page", "mail_file", "picture")
)  # made without typst, so without a subprocess
TRANSIENT_ERRNOS = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT, errno.EIO)
)  # the machine is short of something that it may have again later
RENDERERS = {  # kind -> module and function; imported when first used, since typst and segno stay out of the bot
    "chart": ("typst_documents", "render_chart"),
    "held_json": ("data_export", "render_data_json"),
    "held_page": ("data_page", "render_data_page"),
    "mail_file": ("renderers", "decode_mail_file"),
    "picture": ("renderers", "load_picture"),
    "qr": ("typst_documents", "render_qr_code"),
    "takeaway": ("typst_documents", "render_handout"),
}


def render_attachment(kind: str, values: AttachmentValues) -> RenderedFile:
    """Render a file in this process. Error messages never contain any of the values.

    Raises:
        RenderingFailed: it can never be rendered: unknown kind, unsuitable values, or a picture that does not exist.
        RenderingUnavailable: it cannot be rendered now.
    """
    message = f"the drawing '{kind}' could not be made"
    try:
        module, function = RENDERERS[kind]
        rendered: RenderedFile = getattr(importlib.import_module(f"bot.attachments.{module}"), function)(values)
        return rendered
    except MemoryError:
        raise RenderingUnavailable(f"{message} now (MemoryError)") from None
    except OSError as error:
        if error.errno in TRANSIENT_ERRNOS:
            raise RenderingUnavailable(f"{message} now ({error.strerror})") from None
        raise RenderingFailed(f"{message} ({error.strerror})") from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # typst's panics are not Exceptions
        raise RenderingFailed(f"{message} ({type(error).__name__})") from None


def decode_mail_file(values: AttachmentValues) -> RenderedFile:
    """Return the file ``name`` that came by e-mail; ``content`` is Base64."""
    return RenderedFile(values["name"], base64.b64decode(values["content"], validate=True))


def load_picture(values: AttachmentValues) -> RenderedFile:
    """Load the introduction's picture ``name`` from the knowledge ``folder``, or else the built-in one.

    These pictures were rendered beforehand (see tools/intro_pictures).
    """
    from knowledge.loader import BUILT_IN, path_or_builtin  # slow to import, and the other kinds do without it
    from knowledge.records.intro import PICTURES_FOLDER

    name = Path(f"{values['name']}.png").name
    path = path_or_builtin(Path(values.get("folder") or BUILT_IN), f"intro/{PICTURES_FOLDER}/{name}")
    return RenderedFile(path.name, path.read_bytes())
