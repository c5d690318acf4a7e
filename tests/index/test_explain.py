"""Why an answer: what a person can check."""

import pytest

from index.search.explanation import explain
from index.search.live_index import LiveIndex


def test_an_answer_names_words_and_examples(live: LiveIndex) -> None:
    """The shared words stand in the entry, and the nearest examples are its own questions."""
    found = explain(live.searcher(), "Was bedeutet Collective Impact für Akteure?")
    entry = live.searcher().opened.entry("collective-impact", "de")

    assert found.entry == entry.id
    assert found.words == ("Collective", "Impact", "Akteure")
    assert len(found.examples) == 2
    assert set(found.examples) <= set(entry.questions)
    assert 0.5 < found.probability <= 1


def test_a_gap_is_the_nearest(live: LiveIndex) -> None:
    """Where the sources are silent, the entry that says so is explained."""
    found = explain(live.searcher(), "Was kostet eine Beratung?")

    assert (found.entry, found.beside) == ("kosten", False)


@pytest.mark.parametrize("question", ["Wie wird morgen das Wetter in Berlin?", "Erzähl mir einen Witz"])
def test_a_question_beside_the_subject(live: LiveIndex, question: str) -> None:
    """A question on something else is known as such; the nearest entry is named all the same."""
    found = explain(live.searcher(), question)

    assert found.beside
    assert found.entry in live.searcher().opened.entries


def test_another_language_shares_no_words(live: LiveIndex) -> None:
    """A question in another script is found by its meaning alone."""
    assert explain(live.searcher(), "С чего начать совместную работу?").words == ()


def test_context_counts_but_not_as_the_persons_words(live: LiveIndex) -> None:
    """The title that a message leans on leads to the entry, and is not taken for a word of the person's."""
    found = explain(live.searcher(), "Und wie erreiche ich die?", "Stiftung Bildung")

    assert found.entry == "stiftung-bildung-kontakt"
    assert "Stiftung" not in found.words


@pytest.mark.parametrize("question", ["", " ", "?!"])
def test_nothing_to_explain(live: LiveIndex, question: str) -> None:
    """A text without words shares none."""
    assert explain(live.searcher(), question).words == ()
