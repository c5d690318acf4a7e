"""What an index was made from, and hashes of what it consists of."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from index.errors import IndexUnusable

INDEX_FORMAT = 7
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The head of an index folder. ``files`` maps a file name to its SHA-256."""

    encoder: str
    encoder_digest: str
    content_digest: str
    dimension: int
    entries: int
    passages: int
    languages: tuple[str, ...]
    calibration: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    format: int = INDEX_FORMAT

    def write_to_folder(self, folder: Path) -> None:
        """Write the manifest into an index folder."""
        (folder / MANIFEST_FILE).write_text(
            json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index folder; raises IndexUnusable where it is missing, damaged or of another format."""
    path = folder / MANIFEST_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != INDEX_FORMAT:
            raise IndexUnusable(
                f"{folder} has format {data['format']}; this program reads {INDEX_FORMAT}. Run: gwbot index build"
            )
        return Manifest(**{**data, "languages": tuple(data["languages"])})
    except FileNotFoundError:
        raise IndexUnusable(f"There is no index in {folder.parent}. Run: gwbot index build") from None
    except OSError as error:
        raise unreadable_error(path, error) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise IndexUnusable(f"{path} is damaged. Run: gwbot index build") from None


def unreadable_error(path: Path | str, error: OSError) -> IndexUnusable:
    """What is said of a file or folder that the system does not let us read; that may pass."""
    return IndexUnusable(f"{path} cannot be read ({error.strerror}). If that lasts, run: gwbot index build")


def verify_files(folder: Path, index_manifest: Manifest, skipped_file: str = "") -> None:
    """Compare every file (but one) with its hash; raises IndexUnusable naming the first that differs."""
    for name, digest in index_manifest.files.items():
        if name == skipped_file:
            continue
        if not _is_existing_file(folder / name):
            raise IndexUnusable(f"{folder / name} is missing. Run: gwbot index build")
        if hash_file(folder / name) != digest:
            raise IndexUnusable(
                f"{folder / name} is damaged: its hash differs from the manifest. Run: gwbot index build"
            )


def is_intact(folder: Path, digest: str) -> bool:
    """Whether a folder holds the version whose manifest has this SHA-256, every file as it was built."""
    try:
        verify_files(folder, read_manifest(folder))
        return hash_file(folder / MANIFEST_FILE) == digest
    except (IndexUnusable, OSError):
        return False


def _is_existing_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no name that a file can have
        return False


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
