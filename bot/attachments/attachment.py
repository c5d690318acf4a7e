"""What is drawn, and from what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AttachmentValues = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file to be sent: a PNG or a PDF."""

    name: str
    content: bytes
