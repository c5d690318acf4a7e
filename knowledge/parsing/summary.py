"""The core of a Markdown text in a sentence, or in the list that it begins with, without markup."""

import re
from dataclasses import dataclass
from itertools import takewhile

from knowledge.parsing.plain_text import ITEM, plain

LONGEST = 210  # characters; a longer sentence is cut at a word
SHORT = 60  # characters below which a second sentence is told as well
_MARK = re.compile(r"\AAus der Fachliteratur:\s*|\AFrom the literature:\s*", re.I)
_END = re.compile(r"(?<=[.!?])[”“\"»)]*\s+(?=[A-ZÄÖÜ„“\"])")


@dataclass(frozen=True, slots=True)
class Core:
    """What a text says in short; ``items`` is the list that the words lead up to, mostly none."""

    text: str
    items: tuple[str, ...] = ()


def core(markdown: str) -> Core:
    """The list at the beginning with the words before it, else the first sentence.

    The second sentence is told as well where both are short; a mark that the text is from the literature is left out.
    """
    first, *rest = _MARK.sub("", plain(markdown)).split("\n")
    items = tuple(line.removeprefix(ITEM) for line in takewhile(lambda line: line.startswith(ITEM), rest))
    if items and first.endswith(":") and len(first) <= LONGEST:
        return Core(_begun(first), items)
    before = takewhile(lambda line: not line.startswith(ITEM), (first, *rest))
    return Core(_begun(_told(" ".join(before))))


def _told(text: str) -> str:
    sentences = [one for one in _END.split(" ".join(text.split())) if one]
    told = " ".join(sentences[:1])
    if len(told) < SHORT and sentences[1:] and len(told) + len(sentences[1]) < LONGEST:
        told = f"{told} {sentences[1]}"
    return told if len(told) <= LONGEST else told[:LONGEST].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def _begun(text: str) -> str:
    """What follows a mark may have begun in the middle of its sentence."""
    return text[:1].upper() + text[1:]
