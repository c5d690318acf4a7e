"""Building again, two builds at once, builds that are interrupted, and the running bot that looks on."""

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
from index.storage.reader import open_index
from knowledge.loader import load_knowledge
from tests.conftest import Clock

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "shutil.rmtree")
NOBODY: Callable[[str], None] = lambda event: None  # noqa: E731
_on_change = [NOBODY]


def _audit(event: str, _: tuple[Any, ...]) -> None:
    if event in CHANGES:
        _on_change[0](event)


sys.addaudithook(_audit)  # can never be removed again


class Interrupt:
    """Ctrl-C, once, at the change of the disk with this number."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, _: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def built(folder: Path, encoder: OnnxEncoder) -> BuildResult:
    return build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), folder.parent / "index"
    )


def root(folder: Path) -> Path:
    return folder.parent / "index"


def test_same_content_leaves_the_version_in_use_as_it_is(folder: Path, encoder: OnnxEncoder) -> None:
    """A folder that a bot reads from is not replaced by one that is the same."""
    first = Path(built(folder, encoder).version).stat().st_ino

    assert Path(built(folder, encoder).version).stat().st_ino == first


def test_rebuild_may_be_interrupted_anywhere(folder: Path, encoder: OnnxEncoder) -> None:
    """Whichever change of the disk is the last, an index of the unchanged content is in use afterwards."""
    built(folder, encoder)
    for number in range(1, 1000):
        interrupt = _on_change[0] = Interrupt(number)
        try:
            built(folder, encoder)
        except KeyboardInterrupt:
            pass
        finally:
            _on_change[0] = NOBODY
        assert len(open_index(root(folder), encoder).entries) == 3
        if interrupt.left > 0:
            break
    assert number > 10


def test_damaged_version_is_not_replaced_but_left_behind(folder: Path, encoder: OnnxEncoder) -> None:
    """The version that takes its place has another name, by which a running bot knows it as new."""
    first = Path(built(folder, encoder).version)
    (first / "words.db").write_bytes(b"")

    second = Path(built(folder, encoder).version)

    assert second != first
    assert open_index(root(folder), encoder).version == str(second.resolve())
    assert Path(built(folder, encoder).version) == second


def test_what_a_killed_build_left_is_removed(folder: Path, encoder: OnnxEncoder) -> None:
    """The half-made version of a build that was killed goes with the next build."""
    left = root(folder) / ".new-k1ll3d" / "version"
    left.mkdir(parents=True)
    (left / "vectors.npy").write_bytes(b"half")
    (root(folder) / ".current-new").symlink_to("v-000000000000")

    made = built(folder, encoder)

    assert {path.name for path in root(folder).iterdir()} == {"current", Path(made.version).name}


def test_two_builds_at_once_go_one_after_the_other(folder: Path, encoder: OnnxEncoder) -> None:
    """The second says that it waits, and its version is the one in use in the end."""
    told: list[str] = []
    waits, made = threading.Event(), list[BuildResult]()

    def second_says(doing: str, done: int, total: int | None) -> None:
        told.append(doing)
        waits.set()

    def second() -> None:
        (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
        made.append(
            build_index(
                IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
                root(folder),
                second_says,
            )
        )

    thread = threading.Thread(target=second)

    def first_says(doing: str, done: int, total: int | None) -> None:
        if doing == "clustering":
            thread.start()
            assert waits.wait(60)

    build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), root(folder), first_says
    )
    thread.join(60)

    assert told[0] == "waiting for another build"
    assert open_index(root(folder), encoder).version == str(Path(made[0].version).resolve())


def test_refused_version_is_tried_again_after_a_while(folder: Path, encoder: OnnxEncoder, clock: Clock) -> None:
    """What was repaired under the same name, or failed in passing, is in use a minute later, without a restart."""
    built(folder, encoder)
    live = LiveIndex(root(folder), encoder, clock=clock)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    second = Path(built(folder, encoder).version)
    words = second / "words.db"
    kept = words.read_bytes()
    words.write_bytes(b"")

    assert len(live.current_searcher().reader.entries) == 3
    assert live.trouble == "the new one cannot be used"
    words.write_bytes(kept)
    clock.now += REOPEN_DELAY - 1
    assert len(live.current_searcher().reader.entries) == 3  # a damaged index is not read for every question
    clock.now += 1

    assert len(live.current_searcher().reader.entries) == 4
    assert live.trouble == ""


def test_build_after_a_refused_one_is_in_use_at_once(folder: Path, encoder: OnnxEncoder) -> None:
    """What the message says to run helps the running bot at once, though the content is the same."""
    built(folder, encoder)
    live = LiveIndex(root(folder), encoder)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    (Path(built(folder, encoder).version) / "words.db").write_bytes(b"")
    assert len(live.current_searcher().reader.entries) == 3

    built(folder, encoder)

    assert len(live.current_searcher().reader.entries) == 4
    assert live.trouble == ""


def test_a_passing_error_is_no_damage(
    folder: Path, encoder: OnnxEncoder, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the process has too many files open, that is what is said, and the version is in use when it has not."""
    built(folder, encoder)
    live = LiveIndex(root(folder), encoder, clock=clock)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    built(folder, encoder)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        live.current_searcher()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    clock.now += REOPEN_DELAY

    assert "cannot be read (Too many open files)" in caplog.text
    assert len(live.current_searcher().reader.entries) == 4
