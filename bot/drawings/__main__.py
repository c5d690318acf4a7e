"""Draws one thing: JSON with ``kind`` and ``values`` on standard input, the file on standard output.

The first line of the output is the file's name. See apart.py.
"""

import json
import sys

from bot.drawings import draw

if __name__ == "__main__":
    wanted = json.load(sys.stdin.buffer)
    drawn = draw(wanted["kind"], wanted["values"])
    sys.stdout.buffer.write(drawn.name.encode() + b"\n" + drawn.content)
