"""Render one file: JSON with ``kind`` and ``values`` on standard input, the file on standard output.

The first line of the output is the file's name. If the file can never be rendered, the process says why on standard
error and exits with `FAILED_EXIT_CODE`. Started by `bot.attachments.subprocess_renderer`.
"""

import json
import sys

from bot.attachments.renderers import FAILED_EXIT_CODE, render_attachment
from bot.errors import RenderingFailed

if __name__ == "__main__":
    job = json.load(sys.stdin.buffer)
    try:
        rendered = render_attachment(job["kind"], job["values"])
    except RenderingFailed as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED_EXIT_CODE)
    sys.stdout.buffer.write(rendered.name.encode() + b"\n" + rendered.content)
