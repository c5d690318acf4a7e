"""Render in a short-lived subprocess what needs typst, since it never frees its compilation cache.

docs/decisions/0006-drawings.md has the figures.
"""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.attachments import AttachmentValues, RenderedFile
from bot.attachments.renderers import FAILED_EXIT_CODE, IN_PROCESS_KINDS, render_attachment
from bot.errors import RenderingFailed, RenderingUnavailable

RENDER_TIMEOUT = 60.0  # seconds; on a busy machine a page takes one or two
PROJECT_ROOT = Path(__file__).parents[2]
# One at a time, to limit memory; a separate executor, so that waiting jobs block none of the shared threads.
_SERIAL_EXECUTOR = ThreadPoolExecutor(1, "drawing")


async def render_in_subprocess(
    kind: str, values: AttachmentValues, time_limit: float = RENDER_TIMEOUT
) -> RenderedFile:
    """Render a file; ``time_limit`` is in seconds and excludes the time spent waiting for other files.

    Raises:
        RenderingFailed: it can never be rendered; the message contains none of the values.
        RenderingUnavailable: it cannot be rendered now: the machine is overloaded, or the process ended.
    """
    if kind in IN_PROCESS_KINDS:
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
    if code := process.returncode:
        raise RenderingUnavailable(f"the drawing '{kind}' could not be made now (its process ended: {code})")
    name, _, content = process.stdout.partition(b"\n")
    return RenderedFile(name.decode(), content)
