"""Text on its way to a terminal or a log: what would steer it is written out instead."""

import json
import re

# control characters, line ends, what changes the direction of writing, and halves of characters
_CONTROL_CHARS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escape_control_chars(text: str, allowed: str = "\n\t") -> str:
    """The text with control characters as escapes (``\\u001b``), but for those in ``keep``."""
    return _CONTROL_CHARS.sub(
        lambda matched: matched[0] if matched[0] in allowed else f"\\u{ord(matched[0]):04x}", text
    )


def json_line(value: object) -> str:
    """A value as JSON on one line, readable, with control characters as JSON's escapes."""
    return escape_control_chars(json.dumps(value, ensure_ascii=False), "")
