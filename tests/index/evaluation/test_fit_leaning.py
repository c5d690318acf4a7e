"""Fitting the model of follow-ups."""

from dataclasses import replace
from pathlib import Path

import pytest

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.decision.features import Float64Array
from index.encoder.encoder import OnnxEncoder
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.fit_leaning import fit_leaning
from index.evaluation.run import builtin_markers
from index.search.follow_up import read_after
from index.search.searcher import Searcher
from index.storage.reader import open_index
from knowledge.loader import BUILT_IN, Knowledge, load_knowledge
from tests.support.missing_tools import needs_torch

pytestmark = needs_torch  # scikit-learn comes with it
FIRST = "Was ist eine Anker-Organisation?"
LEANING = (
    "und was kostet das?",
    "wer macht sowas denn?",
    "und dann?",
    "gibt es dafür ein Beispiel?",
    "warum das denn",
)
OWN_SUBJECT = (
    "Was ist eine gemeinsame Vision?",
    "Wie viele Jugendliche fanden keinen Ausbildungsplatz?",
    "Welche Rolle hat eine Stiftung?",
    "Wie misst man Wirkung?",
    "Guten Morgen!",
)


@pytest.fixture(scope="module")
def searcher(encoder: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    """A searcher over some German entries and the intents, that decides as shipped."""
    built_in = load_knowledge(BUILT_IN)
    german = [replace(entry, questions=entry.questions[:8]) for entry in built_in.entries if entry.lang == "de"]
    knowledge = Knowledge(BUILT_IN, tuple(german[:30]), intents=built_in.intents)
    root: Path = tmp_path_factory.mktemp("index")
    build_index(IndexSource(knowledge, encoder, load_calibration(with_examples=True)), root)
    return Searcher(open_index(root, encoder), encoder)


def make_dialogue(number: int, message: str, kind: str) -> LabelledQuestion:
    """Return a message after a question that is answered."""
    return LabelledQuestion(
        f"d-{number}", message, "de", kind, "", "answered", ("anker-organisation",), history=(FIRST,)
    )


def test_leaning_messages_are_told_from_others(searcher: Searcher) -> None:
    """An unseen message that refers back is more likely to lean than one with a subject of its own."""
    dialogues = [make_dialogue(number, message, "leaning") for number, message in enumerate(LEANING)]
    singles = [
        LabelledQuestion(f"s-{number}", message, "de", "answerable", "", "answered", (f"beispiel-{number}",))
        for number, message in enumerate(OWN_SUBJECT)
    ]
    changes = [make_dialogue(10 + number, message, "change") for number, message in enumerate(OWN_SUBJECT)]

    model = fit_leaning([*dialogues, *singles, *changes], searcher)

    leaning, own = (extract_values(searcher, message) for message in ("und wie lange dauert das?", "Wer ist PHINEO?"))
    assert model.predict_probability(leaning) > 2 * model.predict_probability(own)


def test_without_dialogues_nothing_leans(searcher: Searcher) -> None:
    """Without a dialogue to learn from, every message stands alone."""
    model = fit_leaning([make_dialogue(0, OWN_SUBJECT[0], "change")], searcher)

    assert model.predict_probability(extract_values(searcher, LEANING[0])) < 0.001


def extract_values(searcher: Searcher, message: str) -> Float64Array:
    """Return the features of a message after the answer to `FIRST`."""
    context = searcher.find_entry("anker-organisation", "de")
    assert context
    features = read_after(searcher, message, builtin_markers("de"), context, "de").features
    assert features
    return features.values("leaning")
