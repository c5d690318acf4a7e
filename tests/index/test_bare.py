"""Questions without the name of what they ask about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.bare import bare

TITLES = [("de", "Die Freiwilligenagentur in Bocholt"), ("en", "The volunteer agency in Bocholt")]


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("Wer leitet Bocholt?", "Wer leitet ?"),
        ("Wer leitet die Freiwilligenagenturen in BOCHOLT?", "Wer leitet die in ?"),
        ("Who leads the volunteer agencies?", "Who leads the ?"),
        ("Was ist Collective Impact?", "Was ist Collective Impact?"),
    ],
)
def test_takes_the_name_out(question: str, rest: str) -> None:
    """The words of the title go in any form; stop words of the title stay."""
    assert bare(question, TITLES) == rest


@given(st.text(max_size=100))
def test_takes_any_text(text: str) -> None:
    """Without titles a question keeps every word."""
    assert bare(text, []).split() == " ".join(text.split()).strip(" -").split()
