"""Where an index lies: in a folder, or (index/backends/pgvector.py) in PostgreSQL."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index.build.builder import build
from index.build.progress import Progress
from index.decision.calibration import Calibration
from index.encoder.encoder import Encoder
from index.storage import manifest
from index.storage.manifest import Manifest
from index.storage.reader import Opened, current, open_index
from knowledge.loader import Knowledge


@dataclass(frozen=True, slots=True)
class Placed:
    """A version that was built and is in use. ``embedded`` counts texts that had to be encoded anew."""

    version: str
    manifest: Manifest
    embedded: int


class Place(Protocol):
    """A place for the versions of one index, of which one is in use. All raise IndexUnusable, saying what to run."""

    def current(self) -> str:
        """The version in use; cheap, and asked before every question."""
        ...

    def head(self) -> Manifest:
        """The manifest of the version in use."""
        ...

    def open(self, encoder: Encoder) -> Opened:
        """Open the version in use, which must fit the encoder."""
        ...

    def verify(self, opened: Opened) -> str:
        """Compare all that the version consists of with what was built; says what was looked at."""
        ...

    def build(self, knowledge: Knowledge, encoder: Encoder, calibration: Calibration, progress: Progress) -> Placed:
        """Build a version and put it in use; unchanged texts are not embedded again."""
        ...

    def remove(self) -> None:
        """Delete every version; nothing happens where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A place on this machine's disk."""

    root: Path

    def current(self) -> str:
        """The folder of the version in use."""
        return str(current(self.root))

    def head(self) -> Manifest:
        """The manifest of the version in use."""
        return manifest.read(current(self.root))

    def open(self, encoder: Encoder) -> Opened:
        """Open the version in use, verified against its hashes and against the encoder."""
        return open_index(self.root, encoder)

    def verify(self, opened: Opened) -> str:
        """Compare every file with its hash, also those that only builds read."""
        manifest.verify(Path(opened.version), opened.manifest)
        return f"all {len(opened.manifest.files)} files are as they were built"

    def build(self, knowledge: Knowledge, encoder: Encoder, calibration: Calibration, progress: Progress) -> Placed:
        """Build into a new folder, then switch to it."""
        built = build(knowledge, encoder, calibration, self.root, progress)
        return Placed(str(built.folder), built.manifest, built.embedded)

    def remove(self) -> None:
        """Delete the folder."""
        if self.root.exists():
            shutil.rmtree(self.root)


def as_place(where: Place | Path) -> Place:
    """A folder is a place."""
    return Folder(where) if isinstance(where, Path) else where
