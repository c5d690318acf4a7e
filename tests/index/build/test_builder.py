"""Building, switching, verifying: with the real encoder on a small foreign folder."""

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


def built(folder: Path, encoder: OnnxEncoder) -> BuildResult:
    return build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)), folder.parent / "index"
    )


def root(folder: Path) -> Path:
    return folder.parent / "index"


def test_foreign_folder_is_found_in(folder: Path, encoder: OnnxEncoder) -> None:
    """Any folder of Markdown files can be searched by meaning."""
    built(folder, encoder)

    searcher = Searcher(open_index(root(folder), encoder), encoder)

    assert searcher.rank_entries("Wohin mit den alten Zeitungen?", 1)[0].target == "muell"
    assert searcher.rank_entries("Muss mein Hund angeleint werden?", 1)[0].target == "hund"


def test_build_is_repeatable(folder: Path, encoder: OnnxEncoder) -> None:
    """The same content gives the same version, without encoding anything again."""
    first = built(folder, encoder)
    second = built(folder, encoder)

    assert first.embedded_count > 0
    assert second.embedded_count == 0
    assert second.version == first.version


def test_only_changed_content_is_encoded(folder: Path, encoder: OnnxEncoder) -> None:
    """A changed file costs its own passages only."""
    first = built(folder, encoder)
    (folder / "hund.md").write_text("Hunde sind im Haus verboten.", encoding="utf-8")

    second = built(folder, encoder)

    assert second.embedded_count == 1
    assert second.version != first.version


def test_repeated_text_is_encoded_once(folder: Path, encoder: OnnxEncoder) -> None:
    """Two files with the same text share the work, and both are found."""
    (folder / "hund-kopie.md").write_text(TEXTS["hund"], encoding="utf-8")

    first = built(folder, encoder)
    vectors = np.load(Path(first.version) / "vectors.npy")

    assert first.embedded_count < len(vectors)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-3)
    found = Searcher(open_index(root(folder), encoder), encoder).rank_entries("Muss mein Hund angeleint werden?", 2)
    assert {hit.target for hit in found} == {"hund", "hund-kopie"}


def test_reading_file_by_file_gives_the_same_index(folder: Path, encoder: OnnxEncoder) -> None:
    """A folder whose entries are read when their turn comes gives the version that one read as a whole gives."""
    (folder / "unter").mkdir()
    (folder / "unter" / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    whole = built(folder, encoder)

    lazy = build_index(
        IndexSource(load_knowledge(folder, lazy=True), encoder, load_calibration(with_examples=False)), root(folder)
    )

    assert lazy.version == whole.version
    assert lazy.embedded_count == 0


def test_problems_of_all_files_at_once_when_read_file_by_file(folder: Path, encoder: OnnxEncoder) -> None:
    """Unusable files are all named, before anything is encoded, and no half-made version is left."""
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
    """Above the limit the same is found, the same content gives the same version, and damage is found."""
    exact = built(folder, encoder)
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


def test_progress_is_told(folder: Path, encoder: OnnxEncoder) -> None:
    """Reading, encoding and clustering are told of; encoding up to its known end."""
    told: list[tuple[str, int, int | None]] = []

    made = build_index(
        IndexSource(load_knowledge(folder), encoder, load_calibration(with_examples=False)),
        root(folder),
        lambda *step: told.append(step),
    )

    assert list(dict.fromkeys(doing for doing, _, _ in told)) == ["reading", "encoding", "clustering"]
    assert [step for step in told if step[0] == "encoding"][-1] == (
        "encoding",
        made.embedded_count,
        made.embedded_count,
    )


def test_failed_build_leaves_the_old_index(folder: Path, encoder: OnnxEncoder) -> None:
    """Unsuitable content stops the build, and the index in use stays."""
    first = built(folder, encoder)
    (folder / "kaputt.md").write_bytes(b"\xff\xfe")

    with pytest.raises(ContentError, match=r"kaputt\.md:1: not UTF-8"):
        built(folder, encoder)

    assert open_index(root(folder), encoder).version == str(Path(first.version).resolve())


@pytest.mark.parametrize("name", ["vectors.npy", "words.db", "rows.npy", "entries.jsonl", "targets.txt"])
def test_damage_is_found(folder: Path, encoder: OnnxEncoder, name: str) -> None:
    """A changed byte in any file is found when the index is opened, with the command that mends it."""
    path = Path(built(folder, encoder).version) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises(IndexUnusable, match=rf"{name} is damaged.*gwbot index build"):
        open_index(root(folder), encoder)


def test_missing_file_is_found(folder: Path, encoder: OnnxEncoder) -> None:
    """A file that is gone is named."""
    (Path(built(folder, encoder).version) / "words.db").unlink()

    with pytest.raises(IndexUnusable, match=r"words\.db is missing"):
        open_index(root(folder), encoder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_damaged_manifest(folder: Path, encoder: OnnxEncoder, text: str) -> None:
    """A manifest that cannot be read is a clear error, and the next build mends it."""
    (Path(built(folder, encoder).version) / MANIFEST_FILE).write_text(text, encoding="utf-8")

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        open_index(root(folder), encoder)
    built(folder, encoder)

    assert len(open_index(root(folder), encoder).entries) == 3


def test_no_index(tmp_path: Path, encoder: OnnxEncoder) -> None:
    """Where nothing was built the error says what to run."""
    with pytest.raises(IndexUnusable, match=r"There is no index in .*gwbot index build"):
        open_index(tmp_path, encoder)


def test_running_bot_takes_the_new_index(folder: Path, encoder: OnnxEncoder) -> None:
    """A new version is in use with the next question; a damaged one is not, and the old one stays."""
    built(folder, encoder)
    live = LiveIndex(root(folder), encoder)
    (folder / "rad.md").write_text("Fahrräder stehen im Keller.", encoding="utf-8")
    second = built(folder, encoder)

    assert live.current_searcher().rank_entries("Wo stelle ich mein Rad ab?", 1)[0].target == "rad"

    (folder / "auto.md").write_text("Autos stehen in der Garage.", encoding="utf-8")
    (Path(built(folder, encoder).version) / "words.db").unlink()

    assert live.current_searcher().reader.version == str(Path(second.version).resolve())
