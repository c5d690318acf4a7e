"""Build an index into a new folder and switch to it atomically.

A failed build leaves ``current`` alone, and versions are never changed or replaced, so a build may be interrupted at
any point. Builds under the same root run one at a time. Vectors of unchanged texts are taken from the previous
version.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from index.build.corpus import CorpusStats, ProgressCallback, ignore_progress, write_corpus
from index.build.embeddings import EmbeddingCache, describe_model, write_vectors
from index.build.folder_lock import lock_folder
from index.build.target_classifier import write_classifier
from index.build.wording_classifier import write_wording_classifier
from index.decision.calibration import Calibration
from index.encoder.encoder import Encoder
from index.encoder.model_card import hash_file
from index.storage import manifest, vector_index
from index.storage.layout import CURRENT_LINK, ENTRIES_FILE, MANIFEST_FILE, PASSAGES_FILE
from index.storage.manifest import Manifest
from knowledge.loader import Knowledge

UNFINISHED_PREFIX = ".new-"  # prefix of the folders that versions are written in


@dataclass(frozen=True, slots=True)
class IndexSource:
    """What an index is built from."""

    knowledge: Knowledge
    encoder: Encoder
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A version that was built and is in use, by its path or the name of its schema.

    ``embedded_count`` is the number of texts that had to be encoded because no cached vector existed.
    """

    version: str
    manifest: Manifest
    embedded_count: int


def build_index(
    source: IndexSource,
    root: Path,
    progress: ProgressCallback = ignore_progress,
    max_exact_vectors: int = vector_index.MAX_EXACT_VECTORS,
    cache_root: Path | None = None,
) -> BuildResult:
    """Build a version under ``root`` and point ``root/current`` at it.

    Texts and vectors are streamed. In memory are each entry's id, a few numbers per passage and, while clusters are
    made (for more than ``max_exact_vectors`` passages), up to 800 bytes per passage. Cached vectors are taken from
    the index under ``cache_root``, by default ``root``.

    Raises:
        ContentError: an entry is unusable.
    """
    root.mkdir(parents=True, exist_ok=True)
    with lock_folder(root, lambda: progress("waiting for another build", 0, None)):
        for leftover in root.glob(f"{UNFINISHED_PREFIX}*"):  # by a build that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=UNFINISHED_PREFIX) as name:
            staging = Path(name) / "version"
            staging.mkdir()
            cache = EmbeddingCache.open_folder((cache_root or root) / CURRENT_LINK, source.encoder)
            index_manifest, embedded_count = write_index_files(staging, source, cache, progress, max_exact_vectors)
            folder = _add_version(root, staging)
        _switch_current(root, folder)
    return BuildResult(str(folder), index_manifest, embedded_count)


def write_index_files(
    folder: Path,
    source: IndexSource,
    cache: EmbeddingCache,
    progress: ProgressCallback,
    max_exact_vectors: int | None = None,
) -> tuple[Manifest, int]:
    """Write all files of a version into an empty folder; returns its manifest and the number of texts encoded.

    Without ``max_exact_vectors``, nothing is written that the vectors are searched with.
    """
    corpus = write_corpus(source.knowledge, folder, progress)
    embedded_count = write_vectors(folder, corpus, source.encoder, cache, progress)
    progress("classifiers", 0, None)
    write_wording_classifier(folder, corpus)
    write_classifier(folder, corpus, describe_model(source.encoder), cache.classifiers)
    if max_exact_vectors is not None:
        progress("vector index", 0, None)
        vector_index.write_vector_index(folder, max_exact_vectors)
    index_manifest = _create_manifest(folder, corpus, source)
    index_manifest.write_to_folder(folder)
    return index_manifest, embedded_count


def _create_manifest(folder: Path, corpus: CorpusStats, source: IndexSource) -> Manifest:
    files = {path.name: hash_file(path) for path in sorted(folder.iterdir())}
    content = "".join(files[name] for name in (ENTRIES_FILE, PASSAGES_FILE))
    return Manifest(
        encoder=source.encoder.name,
        encoder_digest=source.encoder.digest,
        content_digest=hashlib.sha256(content.encode()).hexdigest(),
        dimension=source.encoder.dimension,
        entries=corpus.entry_count,
        passages=len(corpus.rows),
        languages=corpus.languages,
        calibration=asdict(source.calibration),
        files=files,
    )


def _add_version(root: Path, staging: Path) -> Path:
    """Add a finished version, named by its hash, unless an intact version with the same content exists.

    Its manifest then gets today's time, by which the sandbox knows what has been read since the files last changed.
    """
    digest = hash_file(staging / MANIFEST_FILE)
    folder, number = root / f"v-{digest[:12]}", 1
    while folder.exists():
        if manifest.is_intact(folder, digest):
            (folder / MANIFEST_FILE).touch()
            return folder
        number += 1
        folder = root / f"v-{digest[:12]}-{number}"
    return staging.rename(folder)


def _switch_current(root: Path, folder: Path) -> None:
    """Point ``current`` at a version atomically, then remove all versions but this and the previous one."""
    link = root / CURRENT_LINK
    previous = link.resolve().name if link.is_symlink() else ""
    new_link = root / f".{CURRENT_LINK}-new"
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(folder.name)
    os.replace(new_link, link)
    for version in root.glob("v-*"):
        if version.name not in (folder.name, previous):
            shutil.rmtree(version, ignore_errors=True)
