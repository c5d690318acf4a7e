"""Drawing in a process of its own: typst keeps what it worked out and has no way to let go of it but to end.

docs/decisions/0006-drawings.md has the figures.
"""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.attachments import FAILED, READY, Drawn, Values, draw
from bot.errors import DrawingFailed, DrawingUnavailable

PATIENCE = 60.0  # seconds; on a busy machine a page takes one or two
ROOT = Path(__file__).parents[2]
# Several at once would need the memory of several. Those that wait take none of the threads that others use.
_ONE_AFTER_ANOTHER = ThreadPoolExecutor(1, "drawing")


async def draw_apart(kind: str, values: Values, patience: float = PATIENCE) -> Drawn:
    """The file of a drawing, which may take ``patience`` seconds from when it is begun.

    Raises:
        DrawingFailed: it can never be made; nothing of the values is in the message.
        DrawingUnavailable: it cannot be made now; the machine is busy or short of something, or ended the process.
    """
    if kind in READY:
        return await asyncio.to_thread(draw, kind, values)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_ONE_AFTER_ANOTHER, _drawn, kind, values, patience)


def _drawn(kind: str, values: Values, patience: float) -> Drawn:
    command = [sys.executable, "-m", "bot.attachments"]
    wanted = json.dumps({"kind": kind, "values": dict(values)}).encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own program, its values on standard input
            command, input=wanted, cwd=ROOT, capture_output=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        raise DrawingUnavailable(f"the drawing '{kind}' took longer than {patience:.0f} s") from None
    except OSError as error:
        raise DrawingUnavailable(f"the drawing '{kind}' could not be made now ({error.strerror})") from None
    if done.returncode == FAILED:
        raise DrawingFailed(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2])
    if done.returncode:
        raise DrawingUnavailable(f"the drawing '{kind}' could not be made now (its process ended: {done.returncode})")
    name, _, content = done.stdout.partition(b"\n")
    return Drawn(name.decode(), content)
