"""Build an index into a new folder and switch to it atomically.

An index root holds one folder a version and the link ``current``. A build that fails leaves ``current`` alone.
Vectors of unchanged texts are taken from the version before.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from index import dense, manifest
from index.decision import Calibration
from index.encoder import Encoder
from index.manifest import Manifest
from index.scan import PASSAGES, Progress, Scanned, scan
from index.vectors import Known, write_vectors
from knowledge.folder import Knowledge

CURRENT = "current"


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
    exact_up_to: int = dense.EXACT_UP_TO,
    known: Path | None = None,
) -> Built:
    """Index a knowledge folder under ``root``; afterwards ``root/current`` names the new version.

    Texts and vectors pass through. What stays in memory are each entry's id and some numbers a passage, and the
    clusters while they are made, which is done for more than ``exact_up_to`` passages: up to 800 bytes a passage.
    ``known`` is another index root whose vectors are taken instead of those of ``root``.
    """
    progress = progress or (lambda doing, done, total: None)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as name:
        fresh = Path(name) / "version"
        fresh.mkdir()
        before = Known.of((known or root) / CURRENT, encoder)
        written, embedded = write(fresh, knowledge, encoder, calibration, before, progress, exact_up_to)
        folder = root / f"v-{manifest.sha256(fresh / manifest.NAME)[:12]}"
        if folder.exists():  # the same content was built before; a damaged version is replaced
            shutil.rmtree(folder)
        fresh.rename(folder)
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
    dense.cluster(folder, exact_up_to)
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
