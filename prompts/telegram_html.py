"""Markdown -> the HTML that Telegram understands, and that HTML -> plain text. Pure.

Telegram knows no paragraphs, lists or headings: they become line breaks, bullets and bold. Nor does it take one
quotation within another: the inner becomes part of the outer.
Source: https://core.telegram.org/bots/api#html-style
"""

from collections.abc import Iterator, Sequence
from html import escape
from html.parser import HTMLParser
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_INLINE = {
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


def to_html(markdown: str) -> str:
    """A Markdown text as Telegram HTML: blocks parted by blank lines, list items by line breaks."""
    return "".join(_blocks(_MARKDOWN.parse(markdown))).strip()


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    depth = 0
    counters: list[int | None] = []
    rest = iter(tokens)
    for token in rest:
        if token.type == "bullet_list_open":
            counters.append(None)
        elif token.type == "ordered_list_open":
            counters.append(int(token.attrGet("start") or 1))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            counters.pop()
            yield "" if counters else "\n"
        elif token.type == "list_item_open":
            depth = len(counters)
            yield "   " * (depth - 1) + _bullet(counters)
        elif token.type == "heading_open":
            yield "<b>"
        elif token.type == "heading_close":
            yield "</b>\n\n"
        elif token.type == "inline":
            yield _inline(token.children or [])
        elif token.type == "paragraph_close":
            yield "\n" if counters else "\n\n"
        elif token.type in ("fence", "code_block"):
            yield f"<pre>{escape(token.content.rstrip())}</pre>\n\n"
        elif token.type == "blockquote_open":
            if quoted := "".join(_blocks(_quotation(token, rest))).strip():
                yield f"<blockquote>{quoted}</blockquote>" + ("\n" if counters else "\n\n")
        elif token.type == "hr":
            yield "⁂\n\n"


def _quotation(opening: Token, rest: Iterator[Token]) -> list[Token]:
    """What a quotation consists of, taken off ``rest`` with its end."""
    inside = takewhile(lambda token: (token.type, token.level) != ("blockquote_close", opening.level), rest)
    return [token for token in inside if not token.type.startswith("blockquote_")]


def _bullet(counters: list[int | None]) -> str:
    number = counters[-1]
    if number is None:
        return "• "
    counters[-1] = number + 1
    return f"{number}. "


def _inline(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in _INLINE:
            parts.append(_INLINE[token.type])
        elif token.type == "link_open":
            parts.append(f'<a href="{escape(str(token.attrGet("href") or ""))}">')
        elif token.type == "code_inline":
            parts.append(f"<code>{escape(token.content)}</code>")
        else:  # text, and the alternative text of a picture
            parts.append(escape(token.content))
    return "".join(parts)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._link: tuple[str, int] = ("", 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self.words))

    def handle_endtag(self, tag: str) -> None:
        address, start = self._link
        if tag == "a" and address not in "".join(self.words[start:]):
            self.words.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def to_plain(html: str) -> str:
    """The text a person would read, without markup; a link's address follows its words."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    return "".join(parser.words).strip()
