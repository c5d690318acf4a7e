"""Whether a message leans on the answer before it. Pure; the words are content, see knowledge/understanding.yaml."""

import re
from enum import StrEnum

from knowledge.records.discourse_markers import DiscourseMarkers

MAX_CONTENT_WORDS = {
    "short": 1,
    "leading": 2,
    "pointing": 3,
}  # words with a subject of their own that a leaning message has
_WORD = re.compile(r"[^\W_]+")


class FollowUp(StrEnum):
    """How a message stands to the answer before it."""

    NONE = "none"  # it names its own subject
    SHORT = "short"  # it is too short to tell
    ANAPHORIC = "leans"  # it points back, or goes on from what was said
    MORE = "more"  # it asks for more on the same subject


def classify_follow_up(message: str, markers: DiscourseMarkers) -> FollowUp:
    """How a message leans, by its words alone."""
    words = _WORD.findall(message.lower())
    if not words:
        return FollowUp.NONE
    if " ".join(words) in markers.more or " ".join(_drop_leading_word(words, markers)) in markers.more:
        return FollowUp.MORE
    content_words = [
        word for word in words if word not in markers.plain | markers.pointing | markers.closing | markers.leading
    ]
    if not markers.pointing.isdisjoint(words) or words[-1] in markers.closing:
        return FollowUp.ANAPHORIC if len(content_words) <= MAX_CONTENT_WORDS["pointing"] else FollowUp.NONE
    if any(_starts_with(words, phrase) for phrase in markers.leading):
        return FollowUp.ANAPHORIC if len(content_words) <= MAX_CONTENT_WORDS["leading"] else FollowUp.NONE
    return FollowUp.SHORT if len(content_words) <= MAX_CONTENT_WORDS["short"] else FollowUp.NONE


def _drop_leading_word(words: list[str], markers: DiscourseMarkers) -> list[str]:
    return words[1:] if words[0] in markers.leading else words


def _starts_with(words: list[str], phrase: str) -> bool:
    phrase_words = phrase.split()
    return words[: len(phrase_words)] == phrase_words
