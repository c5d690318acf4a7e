"""What of the built-in layout becomes a passage."""

import json
from pathlib import Path

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.search.searcher import Searcher
from index.storage.layout import PASSAGES_FILE
from index.storage.reader import open_index
from knowledge.loader import load_knowledge
from knowledge.records.entry import DETAILS_GAP

ENTRY = """---
title: Das Backbone
layer: literature
source: SSIR 2012
audience: [npo]
related: [einzelheiten]
questions: [Wer koordiniert das Ganze?]
not: [Was kostet ein Backbone in Köln?]
---
Eine Stelle, die koordiniert.
"""
GAP = """---
title: Einzelheiten
layer: gap
audience: [npo]
related: [backbone]
questions: [Wie heißt die Leiterin?]
---
Das steht nicht in meinen Quellen.
"""
ENCODED = "Tüm işleri kim koordine ediyor?"


def write_knowledge(folder: Path) -> Path:
    for path, text in (
        ("content/de/backbone.md", ENTRY),
        (f"content/de/{DETAILS_GAP}.md", GAP),
        ("questions/tr.yaml", f"backbone:\n  - {ENCODED}\n"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def searcher(folder: Path, encoder: OnnxEncoder, root: Path) -> Searcher:
    calibration = load_calibration(with_examples=True)
    build_index(IndexSource(load_knowledge(folder), encoder, calibration), root)
    return Searcher(open_index(root, encoder), encoder)


def test_question_in_another_language_leads_to_its_entry(encoder: OnnxEncoder, tmp_path: Path) -> None:
    """A question of a language without texts is indexed for the entry that answers it."""
    found = searcher(write_knowledge(tmp_path / "knowledge"), encoder, tmp_path / "index").search(ENCODED)

    assert found.hits[0].target == "backbone"
    assert found.features is not None
    assert found.features.similarity > 0.5


def test_question_that_an_entry_does_not_answer_is_one_of_the_gap(encoder: OnnxEncoder, tmp_path: Path) -> None:
    """A question under ``not`` is indexed for the gap of details, which then offers the nearest entries."""
    index = searcher(write_knowledge(tmp_path / "knowledge"), encoder, tmp_path / "index")

    gap, result = index.find_entry(DETAILS_GAP, "de"), index.search("Was kostet ein Backbone in Köln?")
    passages = (tmp_path / "index" / "current" / PASSAGES_FILE).read_text(encoding="utf-8").splitlines()

    assert gap is not None
    assert result.features is not None
    assert result.features.gap_margin > 0
    assert [entry.id for entry in index.load_related(gap, "de", result.hits)] == ["backbone"]
    assert any(json.loads(line)["id"] == "backbone/de/question/not-0" for line in passages)
