"""Errors of the index.

GwError
├── IndexUnusable         the index is missing, damaged, or built with another encoder
│   └── IndexUnreachable  the server that holds it does not answer; it may be back later
└── EncoderError          the encoder is missing, damaged, or not supported
"""

from knowledge.errors import GwError

REBUILD_HINT = "Run: gwbot index build"


class IndexUnusable(GwError):
    """The index cannot be used; the message names the command that repairs it."""


class IndexUnreachable(IndexUnusable):
    """The server that holds the index does not answer; the same query may succeed later."""


class EncoderError(GwError):
    """The encoder cannot be used; the message names the command that repairs it."""
