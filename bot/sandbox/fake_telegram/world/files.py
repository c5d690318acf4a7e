"""Files stored by Telegram, and the limits on uploads and downloads."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.images import read_image_size
from bot.sandbox.fake_telegram.rules.schema import Json

PHOTO_LIMIT = 10 * 1024 * 1024  # bytes
UPLOAD_LIMIT = 50_000_000  # bytes
DOWNLOAD_LIMIT = 20 * 1024 * 1024  # bytes
PHOTO_SIDES_LIMIT = 10_000  # pixels, width plus height
PHOTO_RATIO_LIMIT = 20  # longer to shorter side
FOLDER_BY_KIND = {"photo": "photos", "voice": "voice", "sticker": "stickers"}
SUFFIX_BY_KIND = {"photo": "jpg", "voice": "oga", "sticker": "webp"}


@dataclass(frozen=True)
class File:
    """A file; ``details`` are the fields of its kind: width, height, duration, file_name, mime_type."""

    id: str
    unique_id: str
    kind: str
    path: str
    content: bytes = field(repr=False)
    details: Json

    def to_json(self) -> Json:
        """Return the fields common to all files and those of its kind."""
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": len(self.content), **self.details}


class FileStore:
    """All files, by id."""

    def __init__(self, next_number: Callable[[str], int]) -> None:
        self._next_number = next_number
        self.by_id: dict[str, File] = {}

    def add_file(self, kind: str, content: bytes, filename: str = "", **details: Any) -> File:
        """Store a file that a person or the bot sent."""
        number = self._next_number("file")
        suffix = SUFFIX_BY_KIND.get(kind) or filename.rpartition(".")[2] or "bin"
        path = f"{FOLDER_BY_KIND.get(kind, 'documents')}/file_{number}.{suffix}"
        file_details = {**_default_details(kind, content, filename), **details}
        file = File(f"standin-file-{number:04}", f"standin-{number:04}", kind, path, content, file_details)
        self.by_id[file.id] = file
        return file

    def reuse_file(self, file_id: str, kind: str) -> File:
        """Return a file to be sent again by its id; raises ApiError if it is unknown or of another kind."""
        file = self.by_id.get(file_id)
        if file is None:
            raise limits.bad_request("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise limits.bad_request(f"can't use file of type {file.kind.title()} as {kind.title()}")
        return file

    def find_by_path(self, path: str) -> File | None:
        """Return the file with the path that getFile gave, if any."""
        return next((file for file in self.by_id.values() if file.path == path), None)


def check_upload(kind: str, content: bytes) -> None:
    """Raise LimitError if Telegram rejects this upload of the bot."""
    if not content:
        raise limits.LimitError("file must be non-empty")
    if len(content) > UPLOAD_LIMIT:
        raise limits.entity_too_large()
    if kind != "photo":
        return
    if len(content) > PHOTO_LIMIT:
        raise limits.LimitError(
            f"file of size {len(content)} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes"
        )
    dimensions = read_image_size(content)
    if dimensions is None:
        raise limits.LimitError("IMAGE_PROCESS_FAILED")
    if sum(dimensions) > PHOTO_SIDES_LIMIT or max(dimensions) > PHOTO_RATIO_LIMIT * min(dimensions):
        raise limits.LimitError("PHOTO_INVALID_DIMENSIONS")


def check_download(file: File) -> None:
    """Raise ApiError if the file is too large for the bot to download."""
    if len(file.content) > DOWNLOAD_LIMIT:
        raise limits.bad_request("file is too big")


def _default_details(kind: str, content: bytes, filename: str) -> Json:
    match kind:
        case "photo":
            width, height = read_image_size(content) or (640, 480)
            return {"width": width, "height": height}
        case "voice":
            return {"duration": 3, "mime_type": "audio/ogg"}
        case "sticker":
            sticker = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return sticker | {"emoji": "👍"}
        case _:
            return {
                "file_name": filename,
                "mime_type": mimetypes.guess_type(filename)[0] or "application/octet-stream",
            }
