"""Where an index lies: in a folder, or (index/backends/pgvector.py) in PostgreSQL."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index.build.builder import build_index
from index.build.progress import ProgressCallback
from index.decision.calibration import Calibration
from index.encoder.encoder import Encoder
from index.storage import manifest
from index.storage.manifest import Manifest
from index.storage.reader import IndexReader, current_folder, open_index
from knowledge.loader import Knowledge


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A version that was built and is in use. ``embedded`` counts texts that had to be encoded anew."""

    version: str
    manifest: Manifest
    embedded_count: int


class IndexBackend(Protocol):
    """A place for the versions of one index, of which one is in use. All raise IndexUnusable, saying what to run."""

    def current_version(self) -> str:
        """The version in use; cheap, and asked before every question."""
        ...

    def read_manifest(self) -> Manifest:
        """The manifest of the version in use."""
        ...

    def open_reader(self, encoder: Encoder) -> IndexReader:
        """Open the version in use, which must fit the encoder."""
        ...

    def verify_version(self, reader: IndexReader) -> str:
        """Compare all that the version consists of with what was built; says what was looked at."""
        ...

    def build_version(
        self, knowledge: Knowledge, encoder: Encoder, calibration: Calibration, progress: ProgressCallback
    ) -> BuildResult:
        """Build a version and put it in use; unchanged texts are not embedded again."""
        ...

    def remove_versions(self) -> None:
        """Delete every version; nothing happens where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class FolderBackend:
    """A place on this machine's disk."""

    root: Path

    def current_version(self) -> str:
        """The folder of the version in use."""
        return str(current_folder(self.root))

    def read_manifest(self) -> Manifest:
        """The manifest of the version in use."""
        return manifest.read_manifest(current_folder(self.root))

    def open_reader(self, encoder: Encoder) -> IndexReader:
        """Open the version in use, verified against its hashes and against the encoder."""
        return open_index(self.root, encoder)

    def verify_version(self, reader: IndexReader) -> str:
        """Compare every file with its hash, also those that only builds read."""
        manifest.verify_files(Path(reader.version), reader.manifest)
        return f"all {len(reader.manifest.files)} files are as they were built"

    def build_version(
        self, knowledge: Knowledge, encoder: Encoder, calibration: Calibration, progress: ProgressCallback
    ) -> BuildResult:
        """Build into a new folder, then switch to it."""
        result = build_index(knowledge, encoder, calibration, self.root, progress)
        return BuildResult(str(result.folder), result.manifest, result.embedded_count)

    def remove_versions(self) -> None:
        """Delete the folder."""
        if self.root.exists():
            shutil.rmtree(self.root)


def as_backend(location: IndexBackend | Path) -> IndexBackend:
    """A folder is a place."""
    return FolderBackend(location) if isinstance(location, Path) else location
