"""Convert Markdown to plain text, and summarise it by its first sentence or the list it begins with."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

ITEM_PREFIX = "– "  # of a list item
CACHE_SIZE = 1_024  # texts; each is needed several times, and again by the next build
MAX_SUMMARY_LENGTH = 210  # characters; a longer sentence is truncated after a word
SHORT_SENTENCE_LENGTH = 60  # characters; a shorter sentence is followed by the second one
_LITERATURE_MARK = re.compile(r"\AAus der Fachliteratur:\s*|\AFrom the literature:\s*", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?])[”“\"»)]*\s+(?=[A-ZÄÖÜ„“\"])")
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@lru_cache(maxsize=CACHE_SIZE)
def markdown_to_plain(markdown: str) -> str:
    """Return the text of Markdown, one block per line; list items begin with '– '."""
    lines: list[str] = []
    bullet = False
    for token in _MARKDOWN.parse(markdown):
        if token.type == "list_item_open":
            bullet = True
        elif token.type == "inline":
            lines.append((ITEM_PREFIX if bullet else "") + _inline_text(token.children or []))
            bullet = False
        elif token.type in ("fence", "code_block", "html_block"):
            lines.append(token.content.strip())
    return "\n".join(line for line in lines if line)


def _inline_text(tokens: list[Token]) -> str:
    words = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif token.type in ("image", "text", "code_inline", "html_inline"):
            words.append(token.content)
    return "".join(words)


@dataclass(frozen=True, slots=True)
class Summary:
    """A short version of a text; ``items`` is the list it introduces, usually empty."""

    text: str
    items: tuple[str, ...] = ()


def summarise_markdown(markdown: str) -> Summary:
    """Return the opening list with the words that introduce it, else the first sentence.

    A short first sentence is followed by the second. The note that a text is from the literature is left out.
    """
    first_line, *other_lines = _LITERATURE_MARK.sub("", markdown_to_plain(markdown)).split("\n")
    item_lines = takewhile(lambda line: line.startswith(ITEM_PREFIX), other_lines)
    items = tuple(line.removeprefix(ITEM_PREFIX) for line in item_lines)
    if items and first_line.endswith(":") and len(first_line) <= MAX_SUMMARY_LENGTH:
        return Summary(_capitalise_first(first_line), items)
    lead_lines = takewhile(lambda line: not line.startswith(ITEM_PREFIX), (first_line, *other_lines))
    return Summary(_capitalise_first(_first_sentences(" ".join(lead_lines))))


def _first_sentences(text: str) -> str:
    sentences = [sentence for sentence in _SENTENCE_END.split(" ".join(text.split())) if sentence]
    summary = " ".join(sentences[:1])
    if len(summary) < SHORT_SENTENCE_LENGTH and len("".join(sentences[:2])) < MAX_SUMMARY_LENGTH:
        summary = " ".join(sentences[:2])
    if len(summary) <= MAX_SUMMARY_LENGTH:
        return summary
    return summary[:MAX_SUMMARY_LENGTH].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def _capitalise_first(text: str) -> str:
    """Capitalise the first letter: the text may continue a sentence whose beginning was left out."""
    return text[:1].upper() + text[1:]
