"""Convert Markdown to the HTML Telegram supports, and that HTML to plain text. Pure.

Telegram has no paragraphs, lists or headings: they become line breaks, bullets and bold text. It rejects nested
quotations: the inner one becomes part of the outer.
Source: https://core.telegram.org/bots/api#html-style
"""

from collections.abc import Iterator, Sequence
from html import escape
from html.parser import HTMLParser
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN_PARSER = MarkdownIt("commonmark", {"html": False})
_INLINE_TAGS = {
    "strong_open": "<b>",
    "strong_close": "</b>",
    "em_open": "<i>",
    "em_close": "</i>",
    "s_open": "<s>",
    "s_close": "</s>",
    "link_close": "</a>",
    "softbreak": " ",
    "hardbreak": "\n",
}


def markdown_to_html(markdown: str) -> str:
    """Return Markdown as Telegram HTML: blocks are separated by blank lines, list items by line breaks."""
    return "".join(_render_blocks(_MARKDOWN_PARSER.parse(markdown))).strip()


def _render_blocks(tokens: Sequence[Token]) -> Iterator[str]:
    depth = 0
    counters: list[int | None] = []
    remaining = iter(tokens)
    for token in remaining:
        if token.type == "bullet_list_open":
            counters.append(None)
        elif token.type == "ordered_list_open":
            counters.append(int(token.attrGet("start") or 1))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            counters.pop()
            yield "" if counters else "\n"
        elif token.type == "list_item_open":
            depth = len(counters)
            yield "   " * (depth - 1) + _next_bullet(counters)
        elif token.type == "heading_open":
            yield "<b>"
        elif token.type == "heading_close":
            yield "</b>\n\n"
        elif token.type == "inline":
            yield _render_inline(token.children or [])
        elif token.type == "paragraph_close":
            yield "\n" if counters else "\n\n"
        elif token.type in ("fence", "code_block"):
            yield f"<pre>{escape(token.content.rstrip())}</pre>\n\n"
        elif token.type == "blockquote_open":
            if quoted := "".join(_render_blocks(_take_quotation(token, remaining))).strip():
                yield f"<blockquote>{quoted}</blockquote>" + ("\n" if counters else "\n\n")
        elif token.type == "hr":
            yield "⁂\n\n"


def _take_quotation(opening: Token, remaining: Iterator[Token]) -> list[Token]:
    """Consume the tokens of a quotation from ``remaining``, through its end."""
    inside = takewhile(lambda token: (token.type, token.level) != ("blockquote_close", opening.level), remaining)
    return [token for token in inside if not token.type.startswith("blockquote_")]


def _next_bullet(counters: list[int | None]) -> str:
    number = counters[-1]
    if number is None:
        return "• "
    counters[-1] = number + 1
    return f"{number}. "


def _render_inline(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in _INLINE_TAGS:
            parts.append(_INLINE_TAGS[token.type])
        elif token.type == "link_open":
            parts.append(f'<a href="{escape(str(token.attrGet("href") or ""))}">')
        elif token.type == "code_inline":
            parts.append(f"<code>{escape(token.content)}</code>")
        else:  # text, and the alternative text of an image
            parts.append(escape(token.content))
    return "".join(parts)


class _TextExtractor(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open_link: tuple[str, int] = ("", 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open_link = (dict(attrs).get("href") or "", len(self.parts))

    def handle_endtag(self, tag: str) -> None:
        address, start = self._open_link
        if tag == "a" and address not in "".join(self.parts[start:]):
            self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def html_to_plain(html: str) -> str:
    """Return the visible text; the address of a link follows its text."""
    parser = _TextExtractor()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts).strip()
