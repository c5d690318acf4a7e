"""Build an index into a new folder and switch to it atomically.

An index root holds one folder a version and the link ``current``. A build that fails leaves ``current`` alone, and no
version is ever changed or replaced, so a build may be interrupted anywhere. Builds under a root wait for each other.
Vectors of unchanged texts are taken from the version before.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from index.build.corpus import Scanned, scan
from index.build.embeddings import Known, write_vectors
from index.build.progress import Progress
from index.decision.calibration import Calibration
from index.encoder.encoder import Encoder
from index.storage import manifest, vector_index
from index.storage.layout import CURRENT, PASSAGES
from index.storage.manifest import Manifest
from knowledge.loader import Knowledge

UNFINISHED = ".new-"  # prefix of the folders that versions are written in


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build. ``embedded`` counts texts that had to be encoded anew."""

    folder: Path
    manifest: Manifest
    embedded: int


def build(
    knowledge: Knowledge,
    encoder: Encoder,
    calibration: Calibration,
    root: Path,
    progress: Progress | None = None,
    exact_up_to: int = vector_index.EXACT_UP_TO,
    known: Path | None = None,
) -> Built:
    """Index a knowledge folder under ``root``; afterwards ``root/current`` names the new version.

    Texts and vectors pass through. What stays in memory are each entry's id and some numbers a passage, and the
    clusters while they are made, which is done for more than ``exact_up_to`` passages: up to 800 bytes a passage.
    ``known`` is another index root whose vectors are taken instead of those of ``root``.
    """
    progress = progress or (lambda doing, done, total: None)
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root, progress):
        for left in root.glob(f"{UNFINISHED}*"):  # by a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=UNFINISHED) as name:
            fresh = Path(name) / "version"
            fresh.mkdir()
            before = Known.of((known or root) / CURRENT, encoder)
            written, embedded = write(fresh, knowledge, encoder, calibration, before, progress, exact_up_to)
            folder = _add(root, fresh)
        _switch(root, folder)
    return Built(folder, written, embedded)


def write(
    folder: Path,
    knowledge: Knowledge,
    encoder: Encoder,
    calibration: Calibration,
    known: Known,
    progress: Progress,
    exact_up_to: int,
) -> tuple[Manifest, int]:
    """Write all files of a version into an empty folder; its manifest, and how many texts were encoded."""
    scanned = scan(knowledge, folder, progress)
    embedded = write_vectors(folder, scanned, encoder, known, progress)
    progress("clustering", 0, None)
    vector_index.cluster(folder, exact_up_to)
    intents = {intent.id: intent.reply for intent in knowledge.intents}
    (folder / "intents.json").write_text(json.dumps(intents), encoding="utf-8")
    np.save(folder / "rows.npy", scanned.rows)
    written = _manifest(folder, scanned, encoder, calibration)
    written.write(folder)
    return written, embedded


def _manifest(folder: Path, scanned: Scanned, encoder: Encoder, calibration: Calibration) -> Manifest:
    files = {path.name: manifest.sha256(path) for path in sorted(folder.iterdir())}
    content = "".join(files[name] for name in ("entries.jsonl", PASSAGES))
    return Manifest(
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        content_digest=hashlib.sha256(content.encode()).hexdigest(),
        dimension=encoder.dimension,
        entries=scanned.entries,
        passages=len(scanned.rows),
        languages=scanned.languages,
        calibration=asdict(calibration),
        files=files,
    )


@contextlib.contextmanager
def _locked(root: Path, progress: Progress) -> Iterator[None]:
    """Keep other builds out of an index root. The lock ends with the process, however that ends."""
    lock = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another build", 0, None)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _add(root: Path, fresh: Path) -> Path:
    """Add a finished version, named by its content; an undamaged one with the same content is kept instead."""
    digest = manifest.sha256(fresh / manifest.NAME)
    folder, number = root / f"v-{digest[:12]}", 1
    while folder.exists():
        if manifest.is_intact(folder, digest):
            return folder
        number += 1
        folder = root / f"v-{digest[:12]}-{number}"
    return fresh.rename(folder)


def _switch(root: Path, folder: Path) -> None:
    """Point ``current`` at a version in one step, then remove all but it and the one before."""
    link = root / CURRENT
    before = link.resolve().name if link.is_symlink() else ""
    fresh = root / f".{CURRENT}-new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    os.replace(fresh, link)
    for version in root.glob("v-*"):
        if version.name not in (folder.name, before):
            shutil.rmtree(version, ignore_errors=True)
