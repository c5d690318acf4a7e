"""Drawing in a process of its own: typst keeps what it worked out and has no way to let go of it but to end.

docs/decisions/0006-drawings.md has the figures.
"""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.attachments import FAILED_EXIT_CODE, PREMADE_KINDS, AttachmentValues, RenderedFile, render_attachment
from bot.errors import RenderingFailed, RenderingUnavailable

DRAW_TIMEOUT = 60.0  # seconds; on a busy machine a page takes one or two
PROJECT_ROOT = Path(__file__).parents[2]
# Several at once would need the memory of several. Those that wait take none of the threads that others use.
_SERIAL_EXECUTOR = ThreadPoolExecutor(1, "drawing")


async def render_in_subprocess(kind: str, values: AttachmentValues, time_limit: float = DRAW_TIMEOUT) -> RenderedFile:
    """The file of a drawing, which may take ``patience`` seconds from when it is begun.

    Raises:
        RenderingFailed: it can never be made; nothing of the values is in the message.
        RenderingUnavailable: it cannot be made now; the machine is busy or short of something, or ended the process.
    """
    if kind in PREMADE_KINDS:
        return await asyncio.to_thread(render_attachment, kind, values)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_SERIAL_EXECUTOR, _run_renderer, kind, values, time_limit)


def _run_renderer(kind: str, values: AttachmentValues, time_limit: float) -> RenderedFile:
    command = [sys.executable, "-m", "bot.attachments"]
    payload = json.dumps({"kind": kind, "values": dict(values)}).encode()
    try:
        process = subprocess.run(  # noqa: S603 - our own program, its values on standard input
            command, input=payload, cwd=PROJECT_ROOT, capture_output=True, timeout=time_limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise RenderingUnavailable(f"the drawing '{kind}' took longer than {time_limit:.0f} s") from None
    except OSError as error:
        raise RenderingUnavailable(f"the drawing '{kind}' could not be made now ({error.strerror})") from None
    if process.returncode == FAILED_EXIT_CODE:
        raise RenderingFailed(process.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2])
    if process.returncode:
        raise RenderingUnavailable(
            f"the drawing '{kind}' could not be made now (its process ended: {process.returncode})"
        )
    name, _, content = process.stdout.partition(b"\n")
    return RenderedFile(name.decode(), content)
