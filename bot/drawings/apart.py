"""Drawing in a process of its own: typst keeps what it worked out and has no way to let go of it but to end.

docs/decisions/0006-drawings.md has the figures.
"""

import json
import subprocess
import sys
from pathlib import Path
from threading import Lock

from bot.drawings import READY, Drawn, Values, draw
from bot.errors import DrawingFailed

PATIENCE = 60.0  # seconds; on a busy machine a page takes one or two
ROOT = Path(__file__).parents[2]
_ALONE = Lock()  # several at once would need the memory of several


def draw_apart(kind: str, values: Values) -> Drawn:
    """The file of a drawing; blocks until it is there.

    Raises:
        DrawingFailed: the process ended with an error or took too long; nothing of the values is in the message.
    """
    if kind in READY:
        return draw(kind, values)
    command = [sys.executable, "-m", "bot.drawings"]
    wanted = json.dumps({"kind": kind, "values": dict(values)}).encode()
    with _ALONE:
        try:
            done = subprocess.run(  # noqa: S603 - our own program, its values on standard input
                command, input=wanted, cwd=ROOT, capture_output=True, timeout=PATIENCE, check=True
            )
        except subprocess.CalledProcessError as error:
            reason = (error.stderr or b"").decode("utf-8", "replace").strip().rpartition("\n")[2].partition(":")[0]
            raise DrawingFailed(f"the drawing '{kind}' could not be made ({reason or error.returncode})") from None
        except subprocess.TimeoutExpired:
            raise DrawingFailed(f"the drawing '{kind}' took longer than {PATIENCE:.0f} s") from None
    name, _, content = done.stdout.partition(b"\n")
    return Drawn(name.decode(), content)
