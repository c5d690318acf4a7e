"""The interface of an index backend, and its implementation with a folder; the other one is pgvector.py."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index.build.builder import BuildResult, IndexSource, build_index
from index.build.corpus import ProgressCallback
from index.encoder.encoder import Encoder
from index.storage import manifest
from index.storage.manifest import Manifest
from index.storage.reader import IndexReader, current_folder, open_index


class IndexBackend(Protocol):
    """The storage of one index, of which one version is in use. Every method may raise IndexUnusable."""

    def current_version(self) -> str:
        """Return the version in use; cheap enough to be called before every query."""
        ...

    def read_manifest(self) -> Manifest:
        """Return the manifest of the version in use."""
        ...

    def open_reader(self, encoder: Encoder) -> IndexReader:
        """Open the version in use; raises IndexUnusable if another encoder built it."""
        ...

    def verify_version(self, reader: IndexReader) -> str:
        """Compare all data of a version with its hashes; returns a summary of what was compared."""
        ...

    def build_version(self, source: IndexSource, progress: ProgressCallback) -> BuildResult:
        """Build a version and put it in use; unchanged texts are not encoded again."""
        ...

    def remove_versions(self) -> None:
        """Delete all versions."""
        ...


@dataclass(frozen=True, slots=True)
class FolderBackend:
    """An index in a folder on the local disk."""

    root: Path

    def current_version(self) -> str:
        """Return the folder of the version in use."""
        return str(current_folder(self.root))

    def read_manifest(self) -> Manifest:
        """Return the manifest of the version in use."""
        return manifest.read_manifest(current_folder(self.root))

    def open_reader(self, encoder: Encoder) -> IndexReader:
        """Open the version in use, and verify its hashes; raises IndexUnusable if another encoder built it."""
        return open_index(self.root, encoder)

    def verify_version(self, reader: IndexReader) -> str:
        """Compare every file with its hash, including those that only builds read."""
        manifest.verify_files(Path(reader.version), reader.manifest)
        return f"all {len(reader.manifest.files)} files are as they were built"

    def build_version(self, source: IndexSource, progress: ProgressCallback) -> BuildResult:
        """Build into a new folder, then switch to it."""
        return build_index(source, self.root, progress)

    def remove_versions(self) -> None:
        """Delete the index root."""
        if self.root.exists():
            shutil.rmtree(self.root)


def as_backend(location: IndexBackend | Path) -> IndexBackend:
    """Return a backend as it is, and a folder as a FolderBackend."""
    return FolderBackend(location) if isinstance(location, Path) else location
