"""Draws one thing: JSON with ``kind`` and ``values`` on standard input, the file on standard output.

The first line of the output is the file's name. Where it can never be drawn the process ends with FAILED and says why
on standard error. See apart.py.
"""

import json
import sys

from bot.attachments import FAILED, draw
from bot.errors import DrawingFailed

if __name__ == "__main__":
    wanted = json.load(sys.stdin.buffer)
    try:
        drawn = draw(wanted["kind"], wanted["values"])
    except DrawingFailed as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
    sys.stdout.buffer.write(drawn.name.encode() + b"\n" + drawn.content)
