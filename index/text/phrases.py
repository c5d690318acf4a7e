"""Phrases with gaps, as knowledge files write them: "…" is up to three words, "." the end of a clause. Pure."""

import re
from collections.abc import Iterable
from functools import cache

END_OF_CLAUSE = "."
_GAP = r"((?: \w+){0,3})"


def find_phrase(words: Iterable[str], phrase: str) -> list[str] | None:
    """Return the words of a clause outside of a phrase, or in its gaps; None if it does not have the phrase."""
    text = " ".join(("", *words, END_OF_CLAUSE))
    match = _compile(phrase).search(text)
    if match is None:
        return None
    rest = (text[: match.start()], *match.groups(), text[match.end() :])
    return [word for part in rest for word in part.split() if word != END_OF_CLAUSE]


@cache
def _compile(phrase: str) -> re.Pattern[str]:
    return re.compile(f" {re.escape(phrase)}(?!\\w)".replace("\\ …", _GAP))
