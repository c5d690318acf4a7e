"""The normalised form in which words are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.analyzer import extract_terms


@pytest.mark.parametrize(
    ("first", "second"),
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
def test_spellings_match(first: str, second: str) -> None:
    """Different spellings of a German word become the same term."""
    assert extract_terms(first, "de") == extract_terms(second, "de")


def test_stop_words_are_removed() -> None:
    """Stop words of a question are removed."""
    assert extract_terms("Was ist denn eine Kommune?", "de") == extract_terms("Kommune", "de")


@given(st.text(max_size=200), st.sampled_from(["de", "en", "uk"]))
def test_any_text(text: str, lang: str) -> None:
    """Any text gives terms without spaces or quotes."""
    assert all(term and not set(term) & set(" \"'\n") for term in extract_terms(text, lang))
