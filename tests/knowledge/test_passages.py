"""Splitting entries into passages."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.passages import PassageKind, extract_passages, sentence_windows, split_sentences, split_text
from knowledge.records.entry import Entry, Layer

ENTRY = Entry(
    "a", "de", "Titel", "Eins ist eins. Zwei ist zwei. Drei ist drei.", Layer.PAGE, questions=("Was ist eins?",)
)


def test_passages_of_an_entry() -> None:
    """An entry yields its text, its sentences singly and in pairs, its title and its questions, with stable ids."""
    texts_by_id = {passage.id: passage.text for passage in extract_passages(ENTRY)}

    assert texts_by_id == {
        "a/de/text/0": "Titel. Eins ist eins. Zwei ist zwei. Drei ist drei.",
        "a/de/sentence/0": "Eins ist eins.",
        "a/de/sentence/1": "Zwei ist zwei.",
        "a/de/sentence/2": "Drei ist drei.",
        "a/de/window/0": "Eins ist eins. Zwei ist zwei.",
        "a/de/window/1": "Zwei ist zwei. Drei ist drei.",
        "a/de/question/0": "Titel",
        "a/de/question/1": "Was ist eins?",
    }


def test_short_entries_have_no_redundant_passages() -> None:
    """Passages that would only repeat the text of a short entry are left out."""
    single = Entry("a", "de", "T", "Eins.", Layer.PAGE)
    double = Entry("a", "de", "T", "Eins. Zwei.", Layer.PAGE)

    assert {passage.kind for passage in extract_passages(single)} == {PassageKind.TEXT, PassageKind.QUESTION}
    assert {passage.kind for passage in extract_passages(double)} == {
        PassageKind.TEXT,
        PassageKind.SENTENCE,
        PassageKind.QUESTION,
    }


@given(st.text(max_size=3000), st.integers(10, 400))
def test_split_loses_nothing(text: str, limit: int) -> None:
    """Parts fit the limit, are never empty, and together contain every visible character in order."""
    parts = split_text(text, limit)

    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.text(max_size=500))
def test_windows_pair_neighbours(text: str) -> None:
    """There is one window fewer than there are sentences."""
    sentences = split_sentences(text)

    assert len(sentence_windows(sentences)) == max(0, len(sentences) - 1)
