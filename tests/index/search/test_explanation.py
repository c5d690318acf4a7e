"""Why an answer: what a person can check."""

import pytest

from index.search.explanation import build_explanation
from index.search.live_index import LiveIndex


def test_an_answer_names_words_and_examples(live: LiveIndex) -> None:
    """The shared words stand in the entry, and the nearest examples are its own questions."""
    found = build_explanation(live.current_searcher(), "Was bedeutet Collective Impact für Akteure?")
    entry = live.current_searcher().reader.get_entry("collective-impact", "de")

    assert found.entry_id == entry.id
    assert found.matched_words == ("Collective", "Impact", "Akteure")
    assert len(found.examples) == 2
    assert set(found.examples) <= set(entry.questions)
    assert 0.5 < found.probability <= 1


def test_a_gap_is_the_nearest(live: LiveIndex) -> None:
    """Where the sources are silent, the entry that says so is explained."""
    found = build_explanation(live.current_searcher(), "Was kostet eine Beratung?")

    assert (found.entry_id, found.off_topic) == ("kosten", False)


@pytest.mark.parametrize("question", ["Wie wird morgen das Wetter in Berlin?", "Erzähl mir einen Witz"])
def test_a_question_beside_the_subject(live: LiveIndex, question: str) -> None:
    """A question on something else is known as such; the nearest entry is named all the same."""
    found = build_explanation(live.current_searcher(), question)

    assert found.off_topic
    assert found.entry_id in live.current_searcher().reader.entries


def test_another_language_shares_no_words(live: LiveIndex) -> None:
    """A question in another script is found by its meaning alone."""
    assert build_explanation(live.current_searcher(), "С чего начать совместную работу?").matched_words == ()


def test_context_counts_but_not_as_the_persons_words(live: LiveIndex) -> None:
    """The title that a message leans on leads to the entry, and is not taken for a word of the person's."""
    found = build_explanation(live.current_searcher(), "Und wie erreiche ich die?", "Stiftung Bildung")

    assert found.entry_id == "stiftung-bildung-kontakt"
    assert "Stiftung" not in found.matched_words


@pytest.mark.parametrize("question", ["", " ", "?!"])
def test_nothing_to_explain(live: LiveIndex, question: str) -> None:
    """A text without words shares none."""
    assert build_explanation(live.current_searcher(), question).matched_words == ()
