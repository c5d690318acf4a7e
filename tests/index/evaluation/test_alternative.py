"""Another index or encoder as the baseline of a comparison."""

import json
from pathlib import Path

import pytest

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.errors import EncoderError
from index.evaluation.alternative import UNFITTED_NOTE, open_baseline
from knowledge.errors import GwError
from knowledge.loader import load_knowledge
from tests.support.paths import PREPARED


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Two short documents."""
    folder = tmp_path / "wissen"
    folder.mkdir()
    (folder / "garten.md").write_text("Der Garten ist von Mai bis September geöffnet.", "utf-8")
    (folder / "lager.md").write_text("Im Lager stehen Kisten mit Büchern.", "utf-8")
    return folder


@pytest.fixture
def other_encoder(tmp_path: Path, encoder_dir: Path) -> Path:
    """An encoder without a query prompt, which makes it a different one."""
    folder = tmp_path / "daten" / "anderer"
    folder.mkdir(parents=True)
    for file in encoder_dir.iterdir():
        (folder / file.name).symlink_to(file)
    card = json.loads((encoder_dir / "encoder.json").read_text("utf-8"))
    (folder / "encoder.json").unlink()
    (folder / "encoder.json").write_text(json.dumps({**card, "query_prompt": ""}), "utf-8")
    return folder


def test_another_encoder(other_encoder: Path, texts: Path) -> None:
    """A prepared encoder, found by its name in the data folder, gets its own index without a fitted decision."""
    with open_baseline("anderer", other_encoder.parent, PREPARED / "index", texts) as (searcher, note):
        hits = searcher.rank_entries("Wann macht der Garten auf?", 1)

        assert searcher.reader.manifest.encoder_digest == OnnxEncoder.load(other_encoder).digest
    assert hits[0].target == "garten"
    assert note == UNFITTED_NOTE


def test_another_index(other_encoder: Path, texts: Path) -> None:
    """An index is opened with the prepared encoder that it was built with, whichever is in use."""
    root = other_encoder.parent / "index"
    build_index(
        IndexSource(load_knowledge(texts), OnnxEncoder.load(other_encoder), load_calibration(with_examples=False)),
        root,
    )

    with open_baseline(str(root), other_encoder.parents[1], PREPARED / "index") as (searcher, note):
        assert searcher.reader.manifest.entries == 2
    assert note == ""


def test_an_index_without_its_encoder(tmp_path: Path, encoder: OnnxEncoder, texts: Path) -> None:
    """An index whose encoder is not prepared anywhere is rejected; the error names the encoder."""
    root = tmp_path / "index"
    build_index(IndexSource(load_knowledge(texts), encoder, load_calibration(with_examples=False)), root)

    with (
        pytest.raises(GwError, match=f"was made with the encoder {encoder.name}, which is prepared neither"),
        open_baseline(str(root), tmp_path, PREPARED / "index"),
    ):
        pass


def test_neither_index_nor_encoder(tmp_path: Path) -> None:
    """A name that is neither an index nor an encoder is a clear error, and so is an incomplete encoder."""
    with (
        pytest.raises(GwError, match="neither a built index nor a prepared encoder"),
        open_baseline("x", tmp_path, tmp_path),
    ):
        pass
    (tmp_path / "encoder.json").write_text("{}", "utf-8")
    with pytest.raises(EncoderError, match="not the description"), open_baseline(str(tmp_path), tmp_path, tmp_path):
        pass
