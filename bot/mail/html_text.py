"""Turn the HTML of an e-mail into text, without the parts that mail programs mark as quotation or signature. Pure."""

import re
from html.parser import HTMLParser

_HIDDEN_TAGS = frozenset(("head", "style", "script", "title", "template"))
_BLOCK_TAGS = frozenset(
    ("p", "div", "br", "hr", "tr", "table", "ul", "ol", "li", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
)
_PARAGRAPH_TAGS = frozenset(("p", "ul", "ol", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6"))
_VOID_TAGS = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
# Of Gmail, Yahoo, Thunderbird, Proton, and of Outlook in its variants
_SKIPPED_CLASSES = re.compile(
    r"\b(?:gmail_quote|gmail_quote_container|gmail_signature|gmail_attr|yahoo_quoted|moz-cite-prefix|moz-signature|"
    r"protonmail_quote|protonmail_signature_block|elementToProof-signature|ydp\w*signature)\b"
)
_SKIPPED_IDS = re.compile(r"(?:x_)*(?:signature|ms-outlook-mobile-signature|gmx-quote|applemailsignature)", re.I)
_REST_IDS = re.compile(r"(?:x_)*(?:appendonsend|divRplyFwdMsg|mail-editor-reference-message-container)", re.I)
_MAX_DEPTH = 500  # deeper HTML is hostile, and its text is taken as it is
_BLANKS = re.compile(r"[ \t\r\n\f]+")


class _MailText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open_tags: list[tuple[str, bool]] = []  # with whether the content is left out
        self._is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._is_over = self._is_over or bool(_REST_IDS.fullmatch(values.get("id", "")))
        if tag in _BLOCK_TAGS:
            self._break_line(tag)
        if tag not in _VOID_TAGS and len(self._open_tags) < _MAX_DEPTH:
            self._open_tags.append((tag, _is_left_out(tag, values)))

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _ in self._open_tags):
            while self._open_tags.pop()[0] != tag:
                pass
        if tag in _BLOCK_TAGS:
            self._break_line(tag)

    def handle_data(self, data: str) -> None:
        if self._is_over or any(left_out for _, left_out in self._open_tags):
            return
        is_preformatted = any(tag == "pre" for tag, _ in self._open_tags)
        self.parts.append(data if is_preformatted else _BLANKS.sub(" ", data))

    def _break_line(self, tag: str) -> None:
        if tag == "br":
            self.parts.append("\n")
            return
        text = "".join(self.parts[-2:])
        if text.strip(" ") and not text.endswith("\n"):
            self.parts.append("\n")
        if tag in _PARAGRAPH_TAGS and not "".join(self.parts[-2:]).endswith("\n\n"):
            self.parts.append("\n")


def html_to_text(html: str) -> str:
    """Return the visible text with its line breaks, without what is marked as quoted or as a signature."""
    parser = _MailText()
    parser.feed(html)
    parser.close()
    lines = (line.strip() for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _is_left_out(tag: str, attributes: dict[str, str]) -> bool:
    is_quotation = tag == "blockquote" and attributes.get("type", "").lower() == "cite"
    is_marked = bool(
        _SKIPPED_CLASSES.search(attributes.get("class", "")) or _SKIPPED_IDS.fullmatch(attributes.get("id", ""))
    )
    is_gmx_quotation = attributes.get("name") == "quote"
    return tag in _HIDDEN_TAGS or is_quotation or is_marked or is_gmx_quotation
