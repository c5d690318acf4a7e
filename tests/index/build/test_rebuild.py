"""Rebuilding, concurrent and interrupted builds, and a bot that runs meanwhile."""

import os
import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index.build.builder import BuildResult, IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import REOPEN_DELAY, LiveIndex
from index.storage.layout import MANIFEST_FILE
from index.storage.reader import open_index
from knowledge.loader import load_knowledge
from tests.conftest import Clock

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "shutil.rmtree")
IGNORE: Callable[[str], None] = lambda event: None  # noqa: E731
_on_change = [IGNORE]


def _audit(event: str, _: tuple[Any, ...]) -> None:
    if event in CHANGES:
        _on_change[0](event)


sys.addaudithook(_audit)  # can never be removed again


class Interrupt:
    """Presses Ctrl-C once, at the nth change of the disk."""

    def __init__(self, number: int) -> None:
        self.remaining = number

    def __call__(self, _: str) -> None:
        self.remaining -= 1
        if self.remaining == 0:
            raise KeyboardInterrupt


def build(folder: Path, encoder: OnnxEncoder) -> BuildResult:
    return build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), folder.parent / "index"
    )


def root(folder: Path) -> Path:
    return folder.parent / "index"


def test_same_content_keeps_the_version_in_use(folder: Path, encoder: OnnxEncoder) -> None:
    """A version that a bot reads from is not replaced by an identical one; its manifest's time says that it is."""
    version = Path(build(folder, encoder).version)
    first = version.stat().st_ino
    os.utime(version / MANIFEST_FILE, (0, 0))

    assert Path(build(folder, encoder).version).stat().st_ino == first
    assert (version / MANIFEST_FILE).stat().st_mtime > 0


def test_rebuild_can_be_interrupted_anywhere(folder: Path, encoder: OnnxEncoder) -> None:
    """Whichever change of the disk is the last one, an index of the unchanged content is in use afterwards."""
    build(folder, encoder)
    for number in range(1, 1000):
        interrupt = _on_change[0] = Interrupt(number)
        try:
            build(folder, encoder)
        except KeyboardInterrupt:
            pass
        finally:
            _on_change[0] = IGNORE
        assert len(open_index(root(folder), encoder).entries) == 3
        if interrupt.remaining > 0:
            break
    assert number > 10


def test_damaged_version_is_replaced_under_another_name(folder: Path, encoder: OnnxEncoder) -> None:
    """The version that replaces a damaged one has another name, so that a running bot recognises it as new."""
    first = Path(build(folder, encoder).version)
    (first / "words.db").write_bytes(b"")

    second = Path(build(folder, encoder).version)

    assert second != first
    assert open_index(root(folder), encoder).version == str(second.resolve())
    assert Path(build(folder, encoder).version) == second


def test_leftovers_of_a_killed_build_are_removed(folder: Path, encoder: OnnxEncoder) -> None:
    """The next build removes the incomplete version of a build that was killed."""
    leftover = root(folder) / ".new-k1ll3d" / "version"
    leftover.mkdir(parents=True)
    (leftover / "vectors.npy").write_bytes(b"half")
    (root(folder) / ".current-new").symlink_to("v-000000000000")

    result = build(folder, encoder)

    assert {path.name for path in root(folder).iterdir()} == {"current", Path(result.version).name}


def test_concurrent_builds_run_one_after_the_other(folder: Path, encoder: OnnxEncoder) -> None:
    """The second of two concurrent builds reports that it waits, and its version is in use in the end."""
    phases: list[str] = []
    waiting, results = threading.Event(), list[BuildResult]()

    def report_second(phase: str, done: int, total: int | None) -> None:
        phases.append(phase)
        waiting.set()

    def build_second() -> None:
        (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
        results.append(
            build_index(
                IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
                root(folder),
                report_second,
            )
        )

    thread = threading.Thread(target=build_second)

    def report_first(phase: str, done: int, total: int | None) -> None:
        if phase == "vector index":
            thread.start()
            assert waiting.wait(60)

    build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
        root(folder),
        report_first,
    )
    thread.join(60)

    assert phases[0] == "waiting for another build"
    assert open_index(root(folder), encoder).version == str(Path(results[0].version).resolve())


def test_rejected_version_is_retried_after_a_while(folder: Path, encoder: OnnxEncoder, clock: Clock) -> None:
    """A version that was rejected is tried again after a minute, without a restart."""
    build(folder, encoder)
    live = LiveIndex(root(folder), encoder, clock=clock)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    second = Path(build(folder, encoder).version)
    words = second / "words.db"
    content = words.read_bytes()
    words.write_bytes(b"")

    assert len(live.current_searcher().reader.entries) == 3
    assert live.trouble == "the new one cannot be used"
    words.write_bytes(content)
    clock.now += REOPEN_DELAY - 1
    assert len(live.current_searcher().reader.entries) == 3  # a damaged index is not read for every question
    clock.now += 1

    assert len(live.current_searcher().reader.entries) == 4
    assert live.trouble == ""


def test_build_after_a_rejected_one_is_used_at_once(folder: Path, encoder: OnnxEncoder) -> None:
    """Running the suggested command helps the running bot at once, even if the content is the same."""
    build(folder, encoder)
    live = LiveIndex(root(folder), encoder)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    (Path(build(folder, encoder).version) / "words.db").write_bytes(b"")
    assert len(live.current_searcher().reader.entries) == 3

    build(folder, encoder)

    assert len(live.current_searcher().reader.entries) == 4
    assert live.trouble == ""


def test_temporary_error_is_not_damage(
    folder: Path, encoder: OnnxEncoder, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """If the process has too many open files, the log says so, and the version is used once it has not."""
    build(folder, encoder)
    live = LiveIndex(root(folder), encoder, clock=clock)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    build(folder, encoder)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        live.current_searcher()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    clock.now += REOPEN_DELAY

    assert "cannot be read (Too many open files)" in caplog.text
    assert len(live.current_searcher().reader.entries) == 4
