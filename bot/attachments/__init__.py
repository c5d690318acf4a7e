"""Files that are rendered when they are sent: pictures, documents and data exports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AttachmentValues = Mapping[str, Any]  # JSON; which keys there are depends on the kind


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file to be sent, with the name that its recipient sees."""

    name: str
    content: bytes
