"""Masking the proper names in a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.proper_names import extract_proper_names, mask_names
from knowledge.records.entry import Entry, Layer

NAMES = extract_proper_names(
    [
        Entry("a", "de", "Die Freiwilligenagentur", "In Bocholt half 2020 Kania mit.", Layer.PAGE),
        Entry("a", "en", "The volunteer agency", "In Bocholt, Kania helped in 2020.", Layer.PAGE),
    ]
)


@pytest.mark.parametrize(
    ("question", "masked"),
    [
        ("Wer leitet Bocholt?", "Wer leitet ?"),
        ("Wer leitet die Freiwilligenagentur in BOCHOLT?", "Wer leitet die Freiwilligenagentur in ?"),
        ("Wie alt ist Kanias Bruder?", "Wie alt ist Bruder?"),
        ("Was geschah 2020?", "Was geschah 2020?"),
        ("Who leads Kania?", "Who leads ?"),
        ("Was ist Collective Impact?", "Was ist Collective Impact?"),
    ],
)
def test_names_are_masked(question: str, masked: str) -> None:
    """Words that are spelled alike in both languages are removed in any form; other words and numbers stay."""
    assert mask_names(question, NAMES) == masked


def test_one_language_reveals_no_names() -> None:
    """An entry in only one language does not show which of its words are names."""
    assert extract_proper_names([Entry("a", "de", "Bocholt", "In Bocholt half Kania.", Layer.PAGE)]) == frozenset()


def test_word_that_is_translated_or_written_in_lower_case_is_no_name() -> None:
    """Neither a word that most entries translate, nor one that both languages share, is a name."""
    texts = (
        ("a", "Die Stiftung Bildung in der Region.", "Stiftung Bildung, in the region."),
        ("b", "Eine Stiftung in der Region.", "A foundation in the region."),
        ("c", "Stiftungen und Bocholt.", "Foundations and Bocholt."),
    )
    entries = [
        Entry(entry_id, lang, "", body, Layer.PAGE)
        for entry_id, german, english in texts
        for lang, body in (("de", german), ("en", english))
    ]

    masked = mask_names("Welche Stiftung der Region Bocholt?", extract_proper_names(entries))

    assert masked == "Welche Stiftung der Region ?"


@given(st.text(max_size=100))
def test_question_without_names_is_unchanged(text: str) -> None:
    """Without names, a question keeps every word."""
    assert mask_names(text, frozenset()).split() == " ".join(text.split()).strip(" -").split()
