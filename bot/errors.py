"""Every error a person can mend, in one tree; the command line shows its message and exits with 1.

GwError                   knowledge/errors.py
├── ContentError          a knowledge file cannot be used
├── IndexUnusable         index/errors.py: the index is missing, damaged or of another encoder
│   └── IndexUnreachable  index/errors.py: the server that holds it does not answer; it may again
├── EncoderError          index/errors.py: the encoder is missing, damaged or of a kind we cannot serve
├── SettingsError         an environment variable is missing or wrong
├── StoreError            the store cannot be opened, read or written
│   ├── StoreUnavailable  not now: the disk is full or read-only, or another program holds the file; it may pass
│   ├── StoreGone         its file was deleted or replaced under the running bot, which ends
│   └── StoreConflict     something was changed since it was read; read again and decide again
├── RenderingFailed       a picture or a page cannot be made, now or later
├── RenderingUnavailable  not now: the machine is busy or short of something; it may pass
└── ConnectionFailed      Telegram refuses the token or the webhook, or cannot be reached at start
"""

from index.errors import EncoderError, IndexUnusable
from knowledge.errors import ContentError, GwError


class SettingsError(GwError):
    """An environment variable is missing or wrong; the message names it, never its value where it is secret."""


class StoreError(GwError):
    """The store cannot be opened, read or written."""


class StoreUnavailable(StoreError):
    """The store cannot be used now, but may be later: nothing of the call was done; try it again."""


class StoreGone(StoreError):
    """The store's file was deleted or replaced under us: whatever were written to it would be lost."""


class StoreConflict(StoreError):
    """Something was changed since it was read: read again and decide again."""


class RenderingFailed(GwError):
    """A picture or a page can never be made; the message names its kind, never what was to be on it."""


class RenderingUnavailable(GwError):
    """A picture or a page cannot be made now, but may be later; the message names its kind."""


class ConnectionFailed(GwError):
    """Telegram refuses the token or the webhook, or cannot be reached at start."""


__all__ = [
    "ConnectionFailed",
    "ContentError",
    "EncoderError",
    "GwError",
    "IndexUnusable",
    "RenderingFailed",
    "RenderingUnavailable",
    "SettingsError",
    "StoreConflict",
    "StoreError",
    "StoreGone",
    "StoreUnavailable",
]
