"""The wording classifier: counted from the example questions of an index, and stored with it."""

import numpy as np
import pytest

from index.build.wording_classifier import fit_wording_classifier
from index.decision.wording_classifier import WordingClassifier, find_buckets
from index.search.live_index import LiveIndex
from index.text.char_grams import hash_grams

QUESTIONS = [
    (0, "Was ist Gemeinsam Wirken?"),
    (3, "Wer bezahlt die Koordinierungsstelle?"),
    (0, "Was bedeutet gemeinsames Wirken für uns?"),
    (3, "Woher kommt das Geld für die Koordinierung?"),
    (1, "…"),  # without any 4-gram
]


@pytest.fixture(scope="module")
def classifier() -> WordingClassifier:
    """A classifier of two targets with words, among four."""
    buckets = [find_buckets(hash_grams(text)) for _, text in QUESTIONS]
    targets = np.array([target for target, _ in QUESTIONS], np.int32)
    return WordingClassifier(*fit_wording_classifier(buckets, targets), 4)


@pytest.mark.parametrize(
    ("message", "target"),
    [("gemeinsm wirkn??", 0), ("koordinirungsstelle bezahlen wer", 3), ("КООРДИНИРУНГ", 3)],
)
def test_mistyped_wording_is_recognised(classifier: WordingClassifier, message: str, target: int) -> None:
    """Parts of words are enough; the probabilities of the targets with words add up to one."""
    likelihoods = classifier.log_likelihoods(hash_grams(message))

    assert likelihoods.argmax() == target
    assert np.exp(likelihoods[[0, 3]]).sum() == pytest.approx(1, abs=1e-4)
    assert likelihoods[1] == likelihoods[2] == pytest.approx(likelihoods[[0, 3]].mean(), rel=1e-5)


def test_nothing_known_says_nothing(classifier: WordingClassifier) -> None:
    """Without words in the message, or without example questions, every target is equally likely."""
    nothing = WordingClassifier(*fit_wording_classifier([], np.empty(0, np.int32)), 4)

    assert classifier.log_likelihoods(hash_grams("…")).tolist() == [0.0] * 4
    assert nothing.log_likelihoods(hash_grams("Was ist das?")).tolist() == [0.0] * 4


def test_an_index_knows_the_wording_of_its_questions(live: LiveIndex) -> None:
    """Badly typed key words are likelier their entry than any other; vectors play no part in it."""
    reader = live.current_searcher().reader
    likelihoods = reader.wording_classifier.log_likelihoods(hash_grams("anker organisazion was das"))

    assert reader.target_names[int(likelihoods.argmax())] == "anker-organisation"
