"""All errors that the user of the program can fix; the command line prints the message and exits with 1.

GwError                   knowledge/errors.py
├── ContentError          knowledge/errors.py: a knowledge file cannot be used
├── IndexUnusable         index/errors.py: the index is missing, damaged or built with another encoder
│   └── IndexUnreachable  index/errors.py: the server that holds it does not respond; temporary
├── EncoderError          index/errors.py: the encoder is missing, damaged or of an unsupported kind
├── SettingsError         an environment variable is missing or wrong
├── StoreError            the store cannot be opened, read or written
│   ├── StoreUnavailable  the disk is full or read-only, or another program has locked the file; temporary
│   ├── StoreGone         its file was deleted or replaced while the bot was running; the bot ends
│   └── StoreConflict     a row changed since it was read; read it and decide again
├── RenderingFailed       a picture or a page can never be rendered
├── RenderingUnavailable  the machine is overloaded or out of resources; temporary
├── ConnectionFailed      Telegram rejects the token or the webhook, or cannot be reached at start
└── WebServerFailed       the web server cannot use its port, or has stopped
"""

from knowledge.errors import GwError

__all__ = [
    "ConnectionFailed",
    "GwError",
    "RenderingFailed",
    "RenderingUnavailable",
    "SettingsError",
    "StoreConflict",
    "StoreError",
    "StoreGone",
    "StoreUnavailable",
    "WebServerFailed",
    "loggable_reason",
]


class SettingsError(GwError):
    """An environment variable is missing or wrong; the message names it, but never repeats a secret value."""


class StoreError(GwError):
    """The store cannot be opened, read or written."""


class StoreUnavailable(StoreError):
    """The store cannot be used for now, and nothing was changed: try again."""


class StoreGone(StoreError):
    """The store's file was deleted or replaced while in use: anything written to it now would be lost."""


class StoreConflict(StoreError):
    """A row changed since it was read: read it and decide again."""


class RenderingFailed(GwError):
    """A picture or a page can never be rendered; the message names its kind, never its content."""


class RenderingUnavailable(GwError):
    """A picture or a page cannot be rendered for now; the message names its kind."""


class ConnectionFailed(GwError):
    """Telegram rejects the token or the webhook, or cannot be reached at start."""


class WebServerFailed(GwError):
    """The web server cannot use its port, or has stopped."""


def loggable_reason(error: Exception) -> str:
    """Return a GwError's message, or only the type of any other error, whose message may quote a user."""
    return str(error) if isinstance(error, GwError) else type(error).__name__
