"""Notices changed files of the knowledge, and has them indexed: the next question is answered from them."""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.simulation.stage import KnowledgeStatus
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import Encoder
from index.storage.layout import CURRENT_LINK, MANIFEST_FILE
from index.storage.reader import current_folder
from knowledge.errors import ContentError, GwError, Problem
from knowledge.loader import load_knowledge
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from knowledge.validation.rules import check_knowledge

log = logging.getLogger(__name__)

POLL_INTERVAL = 0.25  # seconds between two looks; one takes a few milliseconds
MAX_NAMED_FILES = 3  # changed files that are named
INDEXED_FOLDERS = ("content", "intents")  # all else the bot reads when it starts
FileStamps = dict[Path, tuple[int, int]]  # time of change and size, by file


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What came of reading: how it looks now, and whether something changed that the bot reads when it starts."""

    status: KnowledgeStatus
    needs_restart: bool = False


def copy_index(index: Path, target: Path) -> None:
    """A copy of the current index, so that what is tried out reaches no other bot."""
    folder = current_folder(index)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target / folder.name)
    (target / CURRENT_LINK).symlink_to(folder.name)


def built_at(root: Path) -> float:
    """When the index under ``root`` was built, Unix time."""
    return (current_folder(root) / MANIFEST_FILE).stat().st_mtime


def indexed_stamps(folder: Path, root: Path) -> FileStamps:
    """The files as they are now, without those that changed since the index under ``root`` was built."""
    build_time = built_at(root) * 1e9
    return {path: stamp for path, stamp in stamp_files(folder).items() if stamp[0] <= build_time}


def stamp_files(folder: Path) -> FileStamps:
    """The files of a knowledge folder as they are now."""
    stamps: FileStamps = {}
    for path in [path for kind in ("md", "yaml", "png") for path in folder.rglob(f"*.{kind}")]:
        try:
            stat = path.stat()
        except OSError:  # gone since it was listed
            continue
        stamps[path] = (stat.st_mtime_ns, stat.st_size)
    return stamps


def read_knowledge(
    folder: Path, root: Path, encoder: Encoder, lang: str, changed: frozenset[Path] = frozenset()
) -> ReadResult:
    """Read a folder and build its index under ``root``; what cannot be read leaves the index as it is."""
    names = sorted(path.name for path in changed)
    change_note = ", ".join(names) if len(names) <= MAX_NAMED_FILES else f"{len(names)} Dateien"
    try:
        knowledge = load_knowledge(folder, lang)
        read_markers(folder / MARKERS_FILE)
    except ContentError as error:
        return ReadResult(KnowledgeStatus(news=change_note, problems=_problem_lines(error.problems, folder)))
    except GwError as error:
        return ReadResult(KnowledgeStatus(news=change_note, problems=(str(error),)))
    build_result = build_index(
        IndexSource(knowledge, encoder, load_calibration(with_examples=bool(knowledge.intents))), root
    )
    log.info("%s: %d texts embedded anew", change_note or "the knowledge", build_result.embedded_count)
    status = KnowledgeStatus(
        build_result.manifest.entries, time.time(), change_note, _problem_lines(check_knowledge(knowledge), folder)
    )
    changed_parts = {path.relative_to(folder).parts[0] for path in changed}
    return ReadResult(status, needs_restart=not changed_parts <= {*INDEXED_FOLDERS})


async def watch_folder(
    folder: Path,
    previous: FileStamps,
    reindex: Callable[[frozenset[Path]], ReadResult],
    on_read: Callable[[ReadResult], Awaitable[None]],
) -> None:
    """Look until cancelled; what changed since ``before`` is read in a thread, and ``told`` is called then."""
    while True:
        await asyncio.sleep(POLL_INTERVAL)
        current_stamps = await asyncio.to_thread(stamp_files, folder)
        changed = frozenset(path for path, _ in set(current_stamps.items()) ^ set(previous.items()))
        if not changed:
            continue
        previous = current_stamps
        try:
            await on_read(await asyncio.to_thread(reindex, changed))
        except Exception as error:  # a mistake of ours must not end the watch
            log.exception("reading the knowledge failed: %s", type(error).__name__)


def _problem_lines(problems: tuple[Problem, ...], folder: Path) -> tuple[str, ...]:
    """The problems with paths as one sees them from beside the folder."""
    return tuple(str(problem).replace(f"{folder.parent}/", "") for problem in problems)
