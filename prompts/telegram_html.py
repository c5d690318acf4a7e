"""Convert Markdown to the HTML Telegram supports, and that HTML to plain text. Pure.

Telegram has no paragraphs, lists or headings: they become line breaks, bullets and bold text. It rejects nested
quotations: the inner one becomes part of the outer.
Source: https://core.telegram.org/bots/api#html-style
"""

import re
from collections.abc import Iterator, Sequence
from html import escape, unescape
from html.parser import HTMLParser
from itertools import accumulate, islice, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

_OPENING_SIGNS, _CLOSING_SIGNS = '„“»«"(', '.!?:;…)“”«»"'  # belong to the sentence beside them
MAX_UNFOLDED = 600  # characters of a text that is shown as a whole, about one screen of a phone
MIN_OPENING, MIN_FOLDED = 100, 200  # characters that stay visible, and that are worth folding
_TAG = re.compile(r"(<[^>]*>)")
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


def fold_text(html: str, sentence: str = "") -> str:
    """Return Telegram HTML whose end is folded if it is long: what opens it stays visible, through a ``sentence``.

    Telegram shows the first lines of what is folded, and unfolds it at a tap.
    """
    if len(html_to_plain(html)) <= MAX_UNFOLDED or "<blockquote" in html:
        return html
    blocks, wanted = html.split("\n\n"), _letters(sentence)
    for count in range(1, len(blocks)):
        opening, rest = "\n\n".join(blocks[:count]), "\n\n".join(blocks[count:])
        visible = html_to_plain(opening)
        is_enough = len(visible) >= MIN_OPENING and not visible.endswith(":") and wanted in _letters(visible)
        if is_enough and _is_closed(opening) and len(html_to_plain(rest)) >= MIN_FOLDED:
            return f"{opening}\n\n<blockquote expandable>{rest}</blockquote>"
    return html


def find_block(html: str, sentence: str) -> str:
    """Return the paragraph or list item of Telegram HTML that has a sentence, given as plain text; "" if none has."""
    wanted = _letters(sentence)
    lines = (line.strip().removeprefix("• ") for line in html.split("\n"))
    return next((line for line in lines if wanted in _letters(html_to_plain(line)) and _is_closed(line)), "")


def _is_closed(html: str) -> bool:
    """Return whether each tag of a part of well-formed HTML is opened and closed within it."""
    depths = list(accumulate(-1 if tag.startswith("</") else 1 for tag in _TAG.findall(html)))
    return not depths or (min(depths) >= 0 and depths[-1] == 0)


def embolden_sentence(html: str, sentence: str) -> str:
    """Return Telegram HTML with a sentence, given as plain text, in bold; unchanged if it is not found.

    Blanks and the marks of list items don't count; text that is bold already stays as it is.
    """
    pieces = _TAG.split(html)  # text, tag, text, …
    wanted = _letters(sentence)
    texts = [unescape(piece) if number % 2 == 0 else "" for number, piece in enumerate(pieces)]
    start = "".join(map(_letters, texts)).find(wanted)
    if start < 0 or not wanted:
        return html
    passed, depth, parts = 0, 0, []
    for number, (piece, text) in enumerate(zip(pieces, texts, strict=True)):
        depth += {"<b>": 1, "</b>": -1}.get(piece, 0)
        first, last = start - passed, start + len(wanted) - passed
        count = len(_letters(text))
        passed += count
        if number % 2 or depth or not count or first >= count or last <= 0:
            parts.append(piece)
            continue
        begin, end = _letter_index(text, max(first, 0)), _letter_index(text, min(last, count) - 1) + 1
        begin -= len(text[:begin]) - len(text[:begin].rstrip(_OPENING_SIGNS)) if first >= 0 else 0
        end += len(text[end:]) - len(text[end:].lstrip(_CLOSING_SIGNS)) if last <= count else 0
        before, bold, after = (escape(part, quote=False) for part in (text[:begin], text[begin:end], text[end:]))
        parts.append(f"{before}<b>{bold}</b>{after}")
    return "".join(parts)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _letter_index(text: str, count: int) -> int:
    """Return the position in a text of the letter or digit before which there are ``count`` others."""
    positions = (position for position, char in enumerate(text) if char.isalnum())
    return next(islice(positions, count, None))
