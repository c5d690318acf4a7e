"""Fitting the probes on the example questions of an index."""

from dataclasses import replace
from pathlib import Path

import pytest

from index.build.builder import IndexSource, build_index
from index.decision.calibration import unfitted_calibration
from index.decision.probes import Probes
from index.encoder.encoder import OnnxEncoder
from index.evaluation.fit_calibration import fit_probes, without_examples
from index.storage.reader import IndexReader, open_index
from knowledge.loader import BUILT_IN, Knowledge, load_knowledge
from knowledge.records.entry import DETAILS_GAP
from tests.support.missing_tools import needs_torch

pytestmark = needs_torch  # scikit-learn comes with it


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    """A part of the built-in knowledge: German entries with a few questions each, the gap of details, the intents."""
    built_in = load_knowledge(BUILT_IN)
    entries = [
        replace(entry, questions=entry.questions[:8], not_answered=entry.not_answered[:8])
        for entry in built_in.entries
        if entry.lang == "de"
    ]
    chosen = (*entries[:12], *(entry for entry in entries if entry.id == DETAILS_GAP))
    return Knowledge(BUILT_IN, chosen, intents=built_in.intents)


def build(knowledge: Knowledge, encoder: OnnxEncoder, root: Path) -> IndexReader:
    """Build an index whose decision is not fitted, and open it."""
    build_index(IndexSource(knowledge, encoder, unfitted_calibration()), root)
    return open_index(root, encoder)


def test_probes_tell_kinds_of_messages(knowledge: Knowledge, encoder: OnnxEncoder, tmp_path: Path) -> None:
    """Unseen greetings, and questions for details that no text has, get higher log-odds than what a text answers."""
    probes = fit_probes(build(knowledge, encoder, tmp_path), encoder)
    greeting, missing, answered = encoder.encode_queries(
        ["Schönen Abend noch!", "Welche Rechtsform hat das Bündnis eigentlich?", "Was ist eine Anker-Organisation?"]
    )

    assert probes.talk.log_odds(greeting) > 0 > probes.talk.log_odds(answered)
    assert probes.gap.log_odds(missing) > probes.gap.log_odds(answered)


def test_without_example_questions_probes_are_constant(
    knowledge: Knowledge, encoder: OnnxEncoder, tmp_path: Path
) -> None:
    """A folder of plain texts has nothing to fit on."""
    assert fit_probes(build(without_examples(knowledge), encoder, tmp_path), encoder) == Probes()
