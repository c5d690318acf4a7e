"""Errors of the index room.

GwError
├── IndexUnusable         the index is missing, damaged, or made by another encoder
│   └── IndexUnreachable  the server that holds it does not answer; it may again
└── EncoderError          the encoder is missing, damaged, or of a kind we cannot serve
"""

from knowledge.errors import GwError


class IndexUnusable(GwError):
    """The index cannot be used; the message says which command mends it."""


class IndexUnreachable(IndexUnusable):
    """The server that holds the index does not answer now; the same question may be answered later."""


class EncoderError(GwError):
    """The encoder cannot be used; the message says which command mends it."""
