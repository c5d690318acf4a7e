"""Explaining an answer with what a person can check."""

import pytest

from index.search.explanation import Explanation, explain_result
from index.search.follow_up import search_message
from index.search.live_index import LiveIndex
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers


def explain(live: LiveIndex, message: str, last_entry_id: str = "") -> Explanation:
    searcher = live.current_searcher()
    result = search_message(searcher, message, read_markers(BUILT_IN / MARKERS_FILE)["de"], [last_entry_id], "de")
    return explain_result(searcher.reader, result, message, "de")


def test_words_and_examples_of_an_answer(live: LiveIndex) -> None:
    """The matched words are in the entry, and the nearest examples are its own questions."""
    explanation = explain(live, "Was bedeutet Collective Impact für Akteure?")
    entry = live.current_searcher().reader.get_entry("collective-impact", "de")

    assert explanation.entry == entry
    assert explanation.matched_words == ("Collective", "Impact")
    assert len(explanation.examples) == 2
    assert set(explanation.examples) <= set(entry.questions)
    assert 0.5 < explanation.probability <= 1


def test_nearest_gap_is_explained(live: LiveIndex) -> None:
    """If the sources say nothing, the explanation is about the gap."""
    explanation = explain(live, "Was kostet eine Beratung?")

    assert explanation.entry is not None
    assert (explanation.entry.id, explanation.off_topic) == ("kosten", False)


@pytest.mark.parametrize("question", ["Wie wird morgen das Wetter in Berlin?", "Erzähl mir einen Witz"])
def test_off_topic_question(live: LiveIndex, question: str) -> None:
    """An off-topic question is recognised as such; the nearest entry is named nevertheless."""
    explanation = explain(live, question)

    assert explanation.off_topic
    assert explanation.entry is not None


def test_another_script_shares_no_words(live: LiveIndex) -> None:
    """A question in another script has no matched words."""
    assert explain(live, "С чего начать совместную работу?").matched_words == ()


def test_words_of_the_context_are_not_matched_words(live: LiveIndex) -> None:
    """The title that a follow-up refers to leads to the entry, but is not a matched word of the person's."""
    explanation = explain(live, "Und wie erreiche ich die?", "stiftung-bildung")

    assert explanation.entry is not None
    assert explanation.entry.id == "stiftung-bildung-kontakt"
    assert "Stiftung" not in explanation.matched_words


@pytest.mark.parametrize("question", ["", " ", "?!"])
def test_nothing_to_explain(live: LiveIndex, question: str) -> None:
    """A text without words has no matched words."""
    assert explain(live, question).matched_words == ()
