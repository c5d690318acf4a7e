"""The manifest of an index version: what it was built from, and the hash of every file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from index.encoder.model_card import hash_file
from index.errors import REBUILD_HINT, IndexUnusable
from index.storage.layout import MANIFEST_FILE

INDEX_FORMAT = 8


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of an index version; ``files`` maps a file name to its SHA-256 in hexadecimal."""

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
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an index folder; raises IndexUnusable if it is missing, damaged or of another format."""
    path = folder / MANIFEST_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != INDEX_FORMAT:
            mismatch = f"{folder} has format {data['format']}; this program reads {INDEX_FORMAT}"
            raise IndexUnusable(f"{mismatch}. {REBUILD_HINT}")
        return Manifest(**{**data, "languages": tuple(data["languages"])})
    except FileNotFoundError:
        raise IndexUnusable(f"There is no index in {folder.parent}. {REBUILD_HINT}") from None
    except OSError as error:
        raise unreadable_error(path, error) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise IndexUnusable(f"{path} is damaged. {REBUILD_HINT}") from None


def unreadable_error(path: Path | str, error: OSError) -> IndexUnusable:
    """Return the error for a file or folder that the system cannot read, perhaps only temporarily."""
    return IndexUnusable(f"{path} cannot be read ({error.strerror}). If this persists, run: gwbot index build")


def verify_files(folder: Path, index_manifest: Manifest, skipped_file: str = "") -> None:
    """Compare every file but ``skipped_file`` with its hash; raises IndexUnusable for the first that differs."""
    for name, digest in index_manifest.files.items():
        if name == skipped_file:
            continue
        if not _is_existing_file(folder / name):
            raise IndexUnusable(f"{folder / name} is missing. {REBUILD_HINT}")
        if hash_file(folder / name) != digest:
            raise IndexUnusable(f"{folder / name} is damaged: its hash differs from the manifest. {REBUILD_HINT}")


def is_intact(folder: Path, digest: str) -> bool:
    """Return whether a folder holds the version whose manifest has this SHA-256, with every file intact."""
    try:
        verify_files(folder, read_manifest(folder))
        return hash_file(folder / MANIFEST_FILE) == digest
    except (IndexUnusable, OSError):
        return False


def _is_existing_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is not a valid file name
        return False
