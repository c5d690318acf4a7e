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

from index.build.corpus import CorpusStats, write_corpus
from index.build.embeddings import EmbeddingCache, write_vectors
from index.build.progress import ProgressCallback
from index.decision.calibration import Calibration
from index.encoder.encoder import Encoder
from index.storage import manifest, vector_index
from index.storage.layout import CURRENT_LINK, PASSAGES_FILE
from index.storage.manifest import Manifest
from knowledge.loader import Knowledge

UNFINISHED_PREFIX = ".new-"  # prefix of the folders that versions are written in


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The outcome of a build. ``embedded`` counts texts that had to be encoded anew."""

    folder: Path
    manifest: Manifest
    embedded_count: int


def build_index(
    knowledge: Knowledge,
    encoder: Encoder,
    calibration: Calibration,
    root: Path,
    progress: ProgressCallback | None = None,
    max_exact_vectors: int = vector_index.MAX_EXACT_VECTORS,
    cache_root: Path | None = None,
) -> BuildResult:
    """Index a knowledge folder under ``root``; afterwards ``root/current`` names the new version.

    Texts and vectors pass through. What stays in memory are each entry's id and some numbers a passage, and the
    clusters while they are made, which is done for more than ``exact_up_to`` passages: up to 800 bytes a passage.
    ``known`` is another index root whose vectors are taken instead of those of ``root``.
    """
    progress = progress or (lambda doing, done, total: None)
    root.mkdir(parents=True, exist_ok=True)
    with _lock_root(root, progress):
        for leftover in root.glob(f"{UNFINISHED_PREFIX}*"):  # by a build that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=UNFINISHED_PREFIX) as name:
            staging = Path(name) / "version"
            staging.mkdir()
            cache = EmbeddingCache.open_folder((cache_root or root) / CURRENT_LINK, encoder)
            index_manifest, embedded_count = write_index_files(
                staging, knowledge, encoder, calibration, cache, progress, max_exact_vectors
            )
            folder = _add_version(root, staging)
        _switch_current(root, folder)
    return BuildResult(folder, index_manifest, embedded_count)


def write_index_files(
    folder: Path,
    knowledge: Knowledge,
    encoder: Encoder,
    calibration: Calibration,
    cache: EmbeddingCache,
    progress: ProgressCallback,
    max_exact_vectors: int,
) -> tuple[Manifest, int]:
    """Write all files of a version into an empty folder; its manifest, and how many texts were encoded."""
    corpus = write_corpus(knowledge, folder, progress)
    embedded_count = write_vectors(folder, corpus, encoder, cache, progress)
    progress("clustering", 0, None)
    vector_index.write_clusters(folder, max_exact_vectors)
    intents = {intent.id: intent.reply for intent in knowledge.intents}
    (folder / "intents.json").write_text(json.dumps(intents), encoding="utf-8")
    np.save(folder / "rows.npy", corpus.rows)
    index_manifest = _create_manifest(folder, corpus, encoder, calibration)
    index_manifest.write_to_folder(folder)
    return index_manifest, embedded_count


def _create_manifest(folder: Path, corpus: CorpusStats, encoder: Encoder, calibration: Calibration) -> Manifest:
    files = {path.name: manifest.hash_file(path) for path in sorted(folder.iterdir())}
    content = "".join(files[name] for name in ("entries.jsonl", PASSAGES_FILE))
    return Manifest(
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        content_digest=hashlib.sha256(content.encode()).hexdigest(),
        dimension=encoder.dimension,
        entries=corpus.entry_count,
        passages=len(corpus.rows),
        languages=corpus.languages,
        calibration=asdict(calibration),
        files=files,
    )


@contextlib.contextmanager
def _lock_root(root: Path, progress: ProgressCallback) -> Iterator[None]:
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


def _add_version(root: Path, staging: Path) -> Path:
    """Add a finished version, named by its content; an undamaged one with the same content is kept instead."""
    digest = manifest.hash_file(staging / manifest.MANIFEST_FILE)
    folder, number = root / f"v-{digest[:12]}", 1
    while folder.exists():
        if manifest.is_intact(folder, digest):
            return folder
        number += 1
        folder = root / f"v-{digest[:12]}-{number}"
    return staging.rename(folder)


def _switch_current(root: Path, folder: Path) -> None:
    """Point ``current`` at a version in one step, then remove all but it and the one before."""
    link = root / CURRENT_LINK
    previous = link.resolve().name if link.is_symlink() else ""
    new_link = root / f".{CURRENT_LINK}-new"
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(folder.name)
    os.replace(new_link, link)
    for version in root.glob("v-*"):
        if version.name not in (folder.name, previous):
            shutil.rmtree(version, ignore_errors=True)
