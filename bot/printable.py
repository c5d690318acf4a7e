"""Text on its way to a terminal or a log: what would steer it is written out instead."""

import json
import re

# control characters, line ends, what changes the direction of writing, and halves of characters
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, keep: str = "\n\t") -> str:
    """The text with control characters as escapes (``\\u001b``), but for those in ``keep``."""
    return _STEERING.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)


def json_line(value: object) -> str:
    """A value as JSON on one line, readable, with control characters as JSON's escapes."""
    return printable(json.dumps(value, ensure_ascii=False), "")
