"""Searching with an index whose decision is not fitted yet."""

from pathlib import Path

from index.build.builder import IndexSource, build_index
from index.decision.calibration import unfitted_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.searcher import Searcher
from index.storage.reader import open_index
from knowledge.loader import load_knowledge


def test_search_before_the_decision_is_fitted(folder: Path, encoder: OnnxEncoder, tmp_path: Path) -> None:
    """An unfitted decision may yield small talk without a reply, but the ranking is available for fitting."""
    build_index(IndexSource(load_knowledge(folder), encoder, unfitted_calibration()), tmp_path / "index")
    searcher = Searcher(open_index(tmp_path / "index", encoder), encoder)

    result = searcher.search("Muss mein Hund angeleint werden?")

    assert result.hits[0].target == "hund"
    assert result.reply is None
