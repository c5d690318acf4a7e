"""Whether a message leans on the answer before it. Pure; the words are content, see knowledge/understanding.yaml."""

import re
from enum import StrEnum

from knowledge.records.discourse_markers import Markers

MOST_OWN = {"short": 1, "leading": 2, "pointing": 3}  # words with a subject of their own that a leaning message has
_WORD = re.compile(r"[^\W_]+")


class Leaning(StrEnum):
    """How a message stands to the answer before it."""

    NONE = "none"  # it names its own subject
    SHORT = "short"  # it is too short to tell
    LEANS = "leans"  # it points back, or goes on from what was said
    MORE = "more"  # it asks for more on the same subject


def leaning(message: str, markers: Markers) -> Leaning:
    """How a message leans, by its words alone."""
    words = _WORD.findall(message.lower())
    if not words:
        return Leaning.NONE
    if " ".join(words) in markers.more or " ".join(_without_lead(words, markers)) in markers.more:
        return Leaning.MORE
    own = [word for word in words if word not in markers.plain | markers.pointing | markers.closing | markers.leading]
    if not markers.pointing.isdisjoint(words) or words[-1] in markers.closing:
        return Leaning.LEANS if len(own) <= MOST_OWN["pointing"] else Leaning.NONE
    if any(_starts(words, lead) for lead in markers.leading):
        return Leaning.LEANS if len(own) <= MOST_OWN["leading"] else Leaning.NONE
    return Leaning.SHORT if len(own) <= MOST_OWN["short"] else Leaning.NONE


def _without_lead(words: list[str], markers: Markers) -> list[str]:
    return words[1:] if words[0] in markers.leading else words


def _starts(words: list[str], lead: str) -> bool:
    first = lead.split()
    return words[: len(first)] == first
