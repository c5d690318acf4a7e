"""Texts as people type them on a phone."""

import random

from hypothesis import given
from hypothesis import strategies as st

from index.training.typing_errors import mistype


@given(st.text(min_size=1), st.integers(0, 2**32))
def test_any_text_stays_a_text(text: str, seed: int) -> None:
    """Whatever is typed, something remains, the same for the same seed, and hardly longer."""
    typed = mistype(text, random.Random(seed))

    assert typed
    assert typed == mistype(text, random.Random(seed))
    assert len(typed) <= 3 * len(text)


def test_most_texts_are_changed_and_stay_similar() -> None:
    """Nearly every text gets another spelling, and most of its letters are still there."""
    text = "Wie überzeugen wir den Bürgermeister von Gemeinsam Wirken?"
    versions = {mistype(text, random.Random(seed)) for seed in range(200)}

    assert len(versions) > 100
    assert all(len(set(text.lower()) & set(version.lower())) > 10 for version in versions)
    assert any("ue" in version and "ü" not in version for version in versions)
