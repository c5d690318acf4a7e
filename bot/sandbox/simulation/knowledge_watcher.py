"""Watch the knowledge folder and reindex it on changes, so that the next question is answered from them."""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bot.app.knowledge_check import read_checked_knowledge
from bot.sandbox.simulation.state import KnowledgeStatus
from index.build.builder import IndexSource, build_index
from index.build.corpus import ProgressCallback, ignore_progress
from index.decision.calibration import load_calibration
from index.encoder.encoder import Encoder
from index.storage.layout import CURRENT_LINK, MANIFEST_FILE
from index.storage.reader import current_folder
from knowledge.errors import GwError, Problem

log = logging.getLogger(__name__)

POLL_INTERVAL = 0.25  # seconds; a scan takes a few milliseconds
MAX_NAMED_FILES = 3  # changed files named in a note
INDEXED_FOLDERS = ("content", "intents", "questions")  # everything else the bot reads at startup
FileStamps = dict[Path, tuple[int, int]]  # modification time (ns) and size, by file


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The result of reading; ``needs_restart`` if something changed that the bot reads at startup."""

    status: KnowledgeStatus
    needs_restart: bool = False


def copy_index(index: Path, target: Path) -> None:
    """Copy the current index, so that changes in the sandbox reach no other bot."""
    folder = current_folder(index)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target / folder.name)
    (target / CURRENT_LINK).symlink_to(folder.name)


def built_at(root: Path) -> float:
    """Return when the index under ``root`` was built (Unix time)."""
    return (current_folder(root) / MANIFEST_FILE).stat().st_mtime


def indexed_stamps(folder: Path, root: Path) -> FileStamps:
    """Stamp the files that have not changed since the index under ``root`` was built."""
    build_time = built_at(root) * 1e9
    return {path: stamp for path, stamp in stamp_files(folder).items() if stamp[0] <= build_time}


def stamp_files(folder: Path) -> FileStamps:
    """Stamp the files of a knowledge folder."""
    stamps: FileStamps = {}
    for path in [path for kind in ("md", "yaml", "png") for path in folder.rglob(f"*.{kind}")]:
        try:
            stat = path.stat()
        except OSError:  # deleted since it was listed
            continue
        stamps[path] = (stat.st_mtime_ns, stat.st_size)
    return stamps


def read_knowledge(
    folder: Path,
    root: Path,
    encoder: Encoder,
    lang: str,
    changed: frozenset[Path] = frozenset(),
    progress: ProgressCallback = ignore_progress,
) -> ReadResult:
    """Read a knowledge folder and build its index under ``root``; with an error in it, the index stays as it is.

    An exception of ``progress`` ends it, and the index stays as it is, too.
    """
    names = sorted(path.name for path in changed)
    more = f" + {len(names) - MAX_NAMED_FILES}" if len(names) > MAX_NAMED_FILES else ""
    change_note = ", ".join(names[:MAX_NAMED_FILES]) + more
    try:
        knowledge, problems = read_checked_knowledge(folder, lang)
    except GwError as error:
        knowledge, problems = None, (Problem.of(folder, 0, "free", error=error),)
    problems = tuple(replace(problem, path=_shorten_path(problem.path, folder)) for problem in problems)
    if knowledge is None:
        return ReadResult(KnowledgeStatus(rejected=change_note, problems=problems))
    build_result = build_index(
        IndexSource(knowledge, encoder, load_calibration(with_examples=bool(knowledge.intents))),
        root,
        progress=progress,
    )
    log.info(
        "knowledge read, %d files of it new or changed: %d texts embedded", len(changed), build_result.embedded_count
    )
    status = KnowledgeStatus(build_result.manifest.entries, time.time(), change_note, problems=problems)
    changed_parts = {path.relative_to(folder).parts[0] for path in changed}
    return ReadResult(status, needs_restart=not changed_parts <= {*INDEXED_FOLDERS})


async def watch_folder(
    folder: Path,
    previous: FileStamps,
    reindex: Callable[[frozenset[Path]], ReadResult],
    on_read: Callable[[ReadResult], Awaitable[None]],
) -> None:
    """Watch until cancelled: run ``reindex`` in a thread with the changed files, then ``on_read`` with its result."""
    while True:
        await asyncio.sleep(POLL_INTERVAL)
        current_stamps = await asyncio.to_thread(stamp_files, folder)
        changed = frozenset(path for path, _ in set(current_stamps.items()) ^ set(previous.items()))
        if not changed:
            continue
        previous = current_stamps
        try:
            await on_read(await asyncio.to_thread(reindex, changed))
        except Exception as error:  # a bug must not end the watch
            log.exception("reading the knowledge failed: %s", type(error).__name__)


def _shorten_path(path: Path, folder: Path) -> Path:
    """Return a path relative to the parent of the folder."""
    return path.relative_to(folder.parent) if path.is_relative_to(folder.parent) else path
