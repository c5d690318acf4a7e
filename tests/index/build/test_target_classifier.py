"""The target classifier: fitted to the example questions of an index, and stored with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.build.builder import IndexSource, build_index
from index.build.target_classifier import fit_classifier, read_classifiers
from index.decision.calibration import unfitted_calibration
from index.decision.target_classifier import TargetClassifier
from index.encoder.encoder import OnnxEncoder
from index.storage.layout import CLASSIFIER_FILE
from index.storage.reader import IndexReader, open_index
from knowledge.loader import BUILT_IN, Knowledge
from knowledge.records.entry import DETAILS_GAP, Layer


@pytest.fixture(scope="module")
def knowledge(built_in: Knowledge) -> Knowledge:
    """A part of the built-in knowledge: German entries with a few questions each, the gap of details, the intents."""
    entries = [
        replace(entry, questions=entry.questions[:8], not_answered=entry.not_answered[:8])
        for entry in built_in.entries
        if entry.lang == "de"
    ]
    chosen = (*entries[:12], *(entry for entry in entries if entry.id == DETAILS_GAP))
    return Knowledge(BUILT_IN, chosen, intents=built_in.intents)


def build(knowledge: Knowledge, encoder: OnnxEncoder, root: Path, cache_root: Path | None = None) -> IndexReader:
    """Build an index whose decision is not fitted, and open it."""
    build_index(IndexSource(knowledge, encoder, unfitted_calibration()), root, cache_root=cache_root)
    return open_index(root, encoder)


def test_targets_are_told_apart() -> None:
    """Each target is the likeliest for what its examples are like; one without any gets the mean of the others."""
    vectors = np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32)
    examples = np.repeat(vectors, 20, axis=0)
    classifier = TargetClassifier(fit_classifier(examples, np.repeat(np.array([0, 1, 3], np.int32), 20), 4))

    for vector, target in zip(vectors, (0, 1, 3), strict=True):
        likelihoods = classifier.log_likelihoods(vector)
        assert likelihoods.argmax() == target
        known = likelihoods[[0, 1, 3]]
        assert np.exp(known).sum() == pytest.approx(1, abs=1e-4)
        assert likelihoods[2] == pytest.approx(known.mean(), rel=1e-5)


def test_an_index_knows_what_an_unseen_message_asks_for(
    knowledge: Knowledge, encoder: OnnxEncoder, tmp_path: Path
) -> None:
    """An unseen greeting is likelier small talk than any entry, and a question likelier its entry than any other."""
    reader = build(knowledge, encoder, tmp_path)
    greeting, question = encoder.encode_queries(["Schönen Abend noch!", "Was heißt Anker-Organisation?"])
    greeted, asked = map(reader.target_classifier.log_likelihoods, (greeting, question))

    assert reader.target_names[int(greeted.argmax())].startswith("@")
    assert reader.target_names[int(asked.argmax())] == "anker-organisation"


def test_the_same_questions_are_not_fitted_again(knowledge: Knowledge, encoder: OnnxEncoder, tmp_path: Path) -> None:
    """A changed text leaves the questions as they were; a changed question does not."""
    first, *others = knowledge.entries
    other_text = replace(knowledge, entries=(replace(first, body=f"{first.body} Und mehr."), *others))
    other_question = replace(knowledge, entries=(replace(first, questions=first.questions[1:]), *others))
    built = [
        build(content, encoder, tmp_path / name, tmp_path / "first")
        for content, name in ((knowledge, "first"), (other_text, "text"), (other_question, "question"))
    ]
    digests = [next(iter(read_classifiers(Path(reader.version) / CLASSIFIER_FILE))) for reader in built]

    assert digests[0] == digests[1] != digests[2]
    assert built[0].version != built[1].version


def test_texts_alone_have_no_classifier(knowledge: Knowledge, encoder: OnnxEncoder, tmp_path: Path) -> None:
    """Without example questions, every target is equally likely."""
    texts = Knowledge(
        knowledge.folder,
        tuple(replace(entry, questions=(), layer=Layer.DOCUMENT) for entry in [*knowledge.entries][:3]),
    )
    reader = build(texts, encoder, tmp_path)

    assert not reader.target_classifier.log_likelihoods(encoder.encode_queries(["Was ist das?"])[0]).any()
