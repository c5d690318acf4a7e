"""The form in which words are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.analyzer import extract_terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Förderung", "Foerderung"),
        ("Förderung", "forderung"),
        ("Partner*innen", "Partnerinnen"),
        ("Partner:innen", "Partner*innen"),
        ("Bürger/-innen", "Bürger_innen"),
        ("Wirkungen", "Wirkung"),
        ("GROSS", "groß"),
    ],
)
def test_spellings_meet(one: str, other: str) -> None:
    """Spellings of one German word become the same."""
    assert extract_terms(one, "de") == extract_terms(other, "de")


def test_stop_words_are_out() -> None:
    """What a question is not about does not count."""
    assert extract_terms("Was ist denn eine Kommune?", "de") == extract_terms("Kommune", "de")


@given(st.text(max_size=200), st.sampled_from(["de", "en", "uk"]))
def test_any_text(text: str, lang: str) -> None:
    """Any text gives words without blanks or quotes."""
    assert all(word and not set(word) & set(" \"'\n") for word in extract_terms(text, lang))
