"""Files on Telegram's side: their bytes, what is known of them, and what Telegram refuses."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.fake_telegram.rules import image_size, limits

Json = dict[str, Any]

PHOTO_LIMIT = 10 * 1024 * 1024
UPLOAD_LIMIT = 50_000_000
DOWNLOAD_LIMIT = 20 * 1024 * 1024
SIDES_LIMIT = 10_000  # width and height of a photo together
RATIO_LIMIT = 20
FOLDERS = {"photo": "photos", "voice": "voice", "audio": "music", "video": "videos", "animation": "animations",
           "sticker": "stickers"}  # fmt: skip
ENDINGS = {"photo": "jpg", "voice": "oga", "sticker": "webp"}


@dataclass(frozen=True)
class File:
    """A file; ``details`` are what Telegram knows of this kind: width, height, duration, file_name, mime_type."""

    id: str
    unique_id: str
    kind: str
    path: str
    content: bytes = field(repr=False)
    details: Json

    def to_json(self) -> Json:
        """The fields that all objects about a file share, and those of its kind."""
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": len(self.content), **self.details}


class Files:
    """All files there are."""

    def __init__(self, number: Callable[[str], int]) -> None:
        self._number = number
        self.by_id: dict[str, File] = {}

    def add(self, kind: str, content: bytes, name: str = "", **details: Any) -> File:
        """Keep a file that a person or the bot sent."""
        number = self._number("file")
        ending = ENDINGS.get(kind) or name.rpartition(".")[2] or "bin"
        path = f"{FOLDERS.get(kind, 'documents')}/file_{number}.{ending}"
        known = {**_of_kind(kind, content, name), **details}
        file = File(f"standin-file-{number:04}", f"standin-{number:04}", kind, path, content, known)
        self.by_id[file.id] = file
        return file

    def known(self, file_id: str, kind: str) -> File:
        """A file that is sent again by its id."""
        file = self.by_id.get(file_id)
        if file is None:
            raise limits.bad_request("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise limits.bad_request(f"can't use file of type {file.kind.title()} as {kind.title()}")
        return file

    def by_path(self, path: str) -> File | None:
        """The file that getFile gave this path."""
        return next((file for file in self.by_id.values() if file.path == path), None)


def check_upload(kind: str, content: bytes) -> None:
    """What the bot uploads."""
    if not content:
        raise limits.LimitError("file must be non-empty")
    if len(content) > UPLOAD_LIMIT:
        raise limits.too_large()
    if kind != "photo":
        return
    if len(content) > PHOTO_LIMIT:
        raise limits.LimitError(
            f"file of size {len(content)} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes"
        )
    sides = image_size.sides(content)
    if sides is None:
        raise limits.LimitError("IMAGE_PROCESS_FAILED")
    if sum(sides) > SIDES_LIMIT or max(sides) > RATIO_LIMIT * min(sides):
        raise limits.LimitError("PHOTO_INVALID_DIMENSIONS")


def check_download(file: File) -> None:
    """What the bot may fetch."""
    if len(file.content) > DOWNLOAD_LIMIT:
        raise limits.bad_request("file is too big")


def _of_kind(kind: str, content: bytes, name: str) -> Json:
    width, height = image_size.sides(content) or (640, 480)
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    match kind:
        case "photo":
            return {"width": width, "height": height}
        case "voice":
            return {"duration": 3, "mime_type": "audio/ogg"}
        case "audio":
            return {"duration": 3, "mime_type": mime, "file_name": name}
        case "video" | "animation":
            return {"width": width, "height": height, "duration": 3, "mime_type": mime, "file_name": name}
        case "sticker":
            looks = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return looks | {"emoji": "👍"}
        case _:
            return {"file_name": name, "mime_type": mime}
