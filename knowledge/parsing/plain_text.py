"""Convert Markdown to plain text, for embedding, searching and the terminal."""

from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

ITEM_PREFIX = "– "  # of a list item
CACHE_SIZE = 1_024  # texts; each is needed several times, and again by the next build
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@lru_cache(maxsize=CACHE_SIZE)
def markdown_to_plain(markdown: str) -> str:
    """Return the text of Markdown, one block a line; list items begin with '– '."""
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
        elif token.type == "image" or token.type in ("text", "code_inline", "html_inline"):
            words.append(token.content)
    return "".join(words)
