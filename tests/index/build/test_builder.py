"""Building, switching and verifying an index, with the real encoder on a small folder."""

from pathlib import Path

import numpy as np
import pytest

from index.build.builder import BuildResult, IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.errors import IndexUnusable
from index.search.live_index import LiveIndex
from index.search.searcher import Searcher
from index.storage.layout import MANIFEST_FILE
from index.storage.reader import open_index
from knowledge.errors import ContentError
from knowledge.loader import load_knowledge
from tests.index.conftest import TEXTS


def build(folder: Path, encoder: OnnxEncoder) -> BuildResult:
    return build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), folder.parent / "index"
    )


def root(folder: Path) -> Path:
    return folder.parent / "index"


def test_external_folder_is_searched(folder: Path, encoder: OnnxEncoder) -> None:
    """Any folder of Markdown files can be searched by meaning."""
    build(folder, encoder)

    searcher = Searcher(open_index(root(folder), encoder), encoder)

    assert searcher.rank_entries("Wohin mit den alten Zeitungen?", 1)[0].target == "muell"
    assert searcher.rank_entries("Muss mein Hund angeleint werden?", 1)[0].target == "hund"


def test_build_is_repeatable(folder: Path, encoder: OnnxEncoder) -> None:
    """The same content gives the same version, and nothing is embedded again."""
    first = build(folder, encoder)
    second = build(folder, encoder)

    assert first.embedded_count > 0
    assert second.embedded_count == 0
    assert second.version == first.version


def test_only_changed_content_is_embedded(folder: Path, encoder: OnnxEncoder) -> None:
    """Of a changed file, only its own passages are embedded."""
    first = build(folder, encoder)
    (folder / "hund.md").write_text("Hunde sind im Haus verboten.", encoding="utf-8")

    second = build(folder, encoder)

    assert second.embedded_count == 1
    assert second.version != first.version


def test_repeated_text_is_embedded_once(folder: Path, encoder: OnnxEncoder) -> None:
    """Two files with the same text are embedded once, and both are found."""
    (folder / "hund-kopie.md").write_text(TEXTS["hund"], encoding="utf-8")

    first = build(folder, encoder)
    vectors = np.load(Path(first.version) / "vectors.npy")

    assert first.embedded_count < len(vectors)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-3)
    hits = Searcher(open_index(root(folder), encoder), encoder).rank_entries("Muss mein Hund angeleint werden?", 2)
    assert {hit.target for hit in hits} == {"hund", "hund-kopie"}


def test_lazy_reading_gives_the_same_index(folder: Path, encoder: OnnxEncoder) -> None:
    """A folder that is read lazily gives the same version as one that is read at once."""
    (folder / "unter").mkdir()
    (folder / "unter" / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    eager = build(folder, encoder)

    lazy = build_index(
        IndexSource(load_knowledge(folder, lazy=True), encoder, load_calibration(with_examples=False)), root(folder)
    )

    assert lazy.version == eager.version
    assert lazy.embedded_count == 0


def test_lazy_reading_reports_all_problems(folder: Path, encoder: OnnxEncoder) -> None:
    """Unusable files are all reported before anything is embedded, and no incomplete version remains."""
    (folder / "kaputt.md").write_bytes(b"\xff\xfe")
    (folder / "leer.md").write_text("", encoding="utf-8")

    with pytest.raises(ContentError) as caught:
        build_index(
            IndexSource(load_knowledge(folder, lazy=True), encoder, load_calibration(with_examples=False)),
            root(folder),
        )

    assert {problem.path.name for problem in caught.value.problems} == {"kaputt.md", "leer.md"}
    assert list(root(folder).iterdir()) == []


def test_many_passages_are_clustered(folder: Path, encoder: OnnxEncoder) -> None:
    """Above the limit, search finds the same, the same content gives the same version, and damage is found."""
    exact = build(folder, encoder)
    source = IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False))

    first, second = (build_index(source, root(folder), max_exact_vectors=2) for _ in range(2))

    assert first.embedded_count == second.embedded_count == 0
    assert second.version == first.version != exact.version
    searcher = Searcher(open_index(root(folder), encoder), encoder)
    assert searcher.rank_entries("Wohin mit den alten Zeitungen?", 1)[0].target == "muell"

    data = bytearray((Path(first.version) / "vectors.faiss").read_bytes())
    data[len(data) // 2] ^= 1
    (Path(first.version) / "vectors.faiss").write_bytes(data)
    with pytest.raises(IndexUnusable, match=r"vectors\.faiss is damaged"):
        open_index(root(folder), encoder)


def test_progress_is_reported(folder: Path, encoder: OnnxEncoder) -> None:
    """Progress is reported for reading, embedding and clustering; that of embedding has a known total."""
    steps: list[tuple[str, int, int | None]] = []

    result = build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
        root(folder),
        lambda *step: steps.append(step),
    )

    phases = list(dict.fromkeys(phase for phase, _, _ in steps))
    assert phases == ["reading", "encoding", "classifiers", "vector index"]
    assert [step for step in steps if step[0] == "encoding"][-1] == (
        "encoding",
        result.embedded_count,
        result.embedded_count,
    )


def test_failed_build_leaves_the_old_index(folder: Path, encoder: OnnxEncoder) -> None:
    """Unusable content stops the build, and the index in use stays."""
    first = build(folder, encoder)
    (folder / "kaputt.md").write_bytes(b"\xff\xfe")

    with pytest.raises(ContentError, match=r"kaputt\.md:1: not UTF-8"):
        build(folder, encoder)

    assert open_index(root(folder), encoder).version == str(Path(first.version).resolve())


@pytest.mark.parametrize("name", ["vectors.npy", "words.db", "rows.npy", "entries.jsonl", "targets.txt"])
def test_damage_is_found(folder: Path, encoder: OnnxEncoder, name: str) -> None:
    """A changed byte in any file is found when the index is opened; the error has the command that repairs it."""
    path = Path(build(folder, encoder).version) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises(IndexUnusable, match=rf"{name} is damaged.*gwbot index build"):
        open_index(root(folder), encoder)


def test_missing_file_is_found(folder: Path, encoder: OnnxEncoder) -> None:
    """The error about a missing file names it."""
    (Path(build(folder, encoder).version) / "words.db").unlink()

    with pytest.raises(IndexUnusable, match=r"words\.db is missing"):
        open_index(root(folder), encoder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_damaged_manifest(folder: Path, encoder: OnnxEncoder, text: str) -> None:
    """An unreadable manifest is a clear error, and the next build repairs it."""
    (Path(build(folder, encoder).version) / MANIFEST_FILE).write_text(text, encoding="utf-8")

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        open_index(root(folder), encoder)
    build(folder, encoder)

    assert len(open_index(root(folder), encoder).entries) == 3


def test_no_index(tmp_path: Path, encoder: OnnxEncoder) -> None:
    """If nothing was built, the error says what to run."""
    with pytest.raises(IndexUnusable, match=r"There is no index in .*gwbot index build"):
        open_index(tmp_path, encoder)


def test_running_bot_uses_the_new_index(folder: Path, encoder: OnnxEncoder) -> None:
    """A new version is used from the next question on; a damaged one is not, and the old one stays."""
    build(folder, encoder)
    live = LiveIndex(root(folder), encoder)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    second = build(folder, encoder)

    assert live.current_searcher().rank_entries("Wo stelle ich mein Rad ab?", 1)[0].target == "rad"

    (folder / "auto.md").write_text("Autos stehen in der Garage.", encoding="utf-8")
    (Path(build(folder, encoder).version) / "words.db").unlink()

    assert live.current_searcher().reader.version == str(Path(second.version).resolve())
