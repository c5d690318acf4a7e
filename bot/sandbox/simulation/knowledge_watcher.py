"""Notices changed files of the knowledge, and has them indexed: the next question is answered from them."""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.simulation.stage import Reading
from index.build.builder import build
from index.decision.calibration import calibration_for
from index.encoder.encoder import Encoder
from index.storage import manifest
from index.storage.layout import CURRENT
from index.storage.reader import current
from knowledge.errors import ContentError, GwError, Problem
from knowledge.loader import load
from knowledge.records.discourse_markers import MARKERS, read_markers
from knowledge.validation.rules import check

log = logging.getLogger(__name__)

PERIOD = 0.25  # seconds between two looks; one takes a few milliseconds
NAMED = 3  # changed files that are named
INDEXED = ("content", "intents")  # all else the bot reads when it starts
Look = dict[Path, tuple[int, int]]  # time of change and size, by file


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading: how it looks now, and whether something changed that the bot reads when it starts."""

    reading: Reading
    restart: bool = False


def own_copy(index: Path, own: Path) -> None:
    """A copy of the current index, so that what is tried out reaches no other bot."""
    folder = current(index)
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(folder, own / folder.name)
    (own / CURRENT).symlink_to(folder.name)


def built(root: Path) -> float:
    """When the index under ``root`` was built, Unix time."""
    return (current(root) / manifest.NAME).stat().st_mtime


def unread(folder: Path, root: Path) -> Look:
    """The files as they are now, without those that changed since the index under ``root`` was built."""
    before = built(root) * 1e9
    return {path: seen for path, seen in look(folder).items() if seen[0] <= before}


def look(folder: Path) -> Look:
    """The files of a knowledge folder as they are now."""
    found: Look = {}
    for path in [path for kind in ("md", "yaml", "png") for path in folder.rglob(f"*.{kind}")]:
        try:
            stat = path.stat()
        except OSError:  # gone since it was listed
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def read(folder: Path, root: Path, encoder: Encoder, lang: str, changed: frozenset[Path] = frozenset()) -> Read:
    """Read a folder and build its index under ``root``; what cannot be read leaves the index as it is."""
    names = sorted(path.name for path in changed)
    news = ", ".join(names) if len(names) <= NAMED else f"{len(names)} Dateien"
    try:
        found = load(folder, lang)
        read_markers(folder / MARKERS)
    except ContentError as error:
        return Read(Reading(news=news, problems=_lines(error.problems, folder)))
    except GwError as error:
        return Read(Reading(news=news, problems=(str(error),)))
    made = build(found, encoder, calibration_for(labelled=bool(found.intents)), root)
    log.info("%s: %d texts embedded anew", news or "the knowledge", made.embedded)
    reading = Reading(made.manifest.entries, time.time(), news, _lines(check(found), folder))
    own = {path.relative_to(folder).parts[0] for path in changed}
    return Read(reading, restart=not own <= {*INDEXED})


async def watch(
    folder: Path, before: Look, read_anew: Callable[[frozenset[Path]], Read], told: Callable[[Read], Awaitable[None]]
) -> None:
    """Look until cancelled; what changed since ``before`` is read in a thread, and ``told`` is called then."""
    while True:
        await asyncio.sleep(PERIOD)
        now = await asyncio.to_thread(look, folder)
        changed = frozenset(path for path, _ in set(now.items()) ^ set(before.items()))
        if not changed:
            continue
        before = now
        try:
            await told(await asyncio.to_thread(read_anew, changed))
        except Exception as error:  # a mistake of ours must not end the watch
            log.exception("reading the knowledge failed: %s", type(error).__name__)


def _lines(problems: tuple[Problem, ...], folder: Path) -> tuple[str, ...]:
    """The problems with paths as one sees them from beside the folder."""
    return tuple(str(problem).replace(f"{folder.parent}/", "") for problem in problems)
