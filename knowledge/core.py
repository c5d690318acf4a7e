"""The core of a Markdown text in a sentence, without markup."""

import re

from knowledge.plain import plain

LONGEST = 210  # characters; a longer sentence is cut at a word
SHORT = 60  # characters below which a second sentence is told as well
_MARK = re.compile(r"\AAus der Fachliteratur:\s*|\AFrom the literature:\s*", re.I)
_END = re.compile(r"(?<=[.!?])[”“\"»)]*\s+(?=[A-ZÄÖÜ„“\"])")


def core(markdown: str) -> str:
    """The first sentence, and the second where both are short; a mark that it is from the literature is left out."""
    text = _MARK.sub("", " ".join(plain(markdown).split()))
    sentences = [one for one in _END.split(text) if one]
    told = " ".join(sentences[:1])
    if len(told) < SHORT and sentences[1:] and len(told) + len(sentences[1]) < LONGEST:
        told = f"{told} {sentences[1]}"
    return told if len(told) <= LONGEST else told[:LONGEST].rsplit(" ", 1)[0].rstrip(",;:") + " …"
