"""Questions without the name of what they ask about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.bare import bare, names
from knowledge.entry import Entry, Layer

NAMES = names(
    [
        Entry("a", "de", "Die Freiwilligenagentur", "In Bocholt half 2020 Kania mit.", Layer.PAGE),
        Entry("a", "en", "The volunteer agency", "In Bocholt, Kania helped in 2020.", Layer.PAGE),
    ]
)


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("Wer leitet Bocholt?", "Wer leitet ?"),
        ("Wer leitet die Freiwilligenagenturen in BOCHOLT?", "Wer leitet die in ?"),
        ("Wie alt ist Kanias Bruder?", "Wie alt ist Bruder?"),
        ("Was geschah 2020?", "Was geschah 2020?"),
        ("Who leads the volunteer agencies?", "Who leads the ?"),
        ("Was ist Collective Impact?", "Was ist Collective Impact?"),
    ],
)
def test_takes_the_name_out(question: str, rest: str) -> None:
    """The words of the titles, and those alike in both languages, go in any form; stop words and numbers stay."""
    assert bare(question, NAMES) == rest


@given(st.text(max_size=100))
def test_takes_any_text(text: str) -> None:
    """Without names a question keeps every word."""
    assert bare(text, frozenset()).split() == " ".join(text.split()).strip(" -").split()
