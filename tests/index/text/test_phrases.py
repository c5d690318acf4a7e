"""Phrases with gaps."""

import pytest

from index.text.phrases import find_phrase


@pytest.mark.parametrize(
    ("clause", "phrase", "rest"),
    [
        ("was kam da am ende raus", "kam … raus", ["was", "da", "am", "ende"]),
        ("was kam raus", "kam … raus", ["was"]),
        ("was kam da so am ende raus", "kam … raus", None),  # four words between
        ("ich kann einfach nicht mehr", "kann … nicht mehr .", ["ich", "einfach"]),
        ("ich kann nicht mehr sagen", "kann … nicht mehr .", None),
        ("die kosten", "kost", None),
        ("", "kosten", None),
    ],
)
def test_phrase(clause: str, phrase: str, rest: list[str] | None) -> None:
    """A phrase consists of whole words, with up to three between its parts, and may have to end the clause."""
    assert find_phrase(clause.split(), phrase) == rest
