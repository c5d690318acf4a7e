"""Telegram's own HTML: its few tags, its four named entities, and the errors it answers with.

It follows what Telegram's server does, down to the byte offsets in its messages: tags must be closed in
order, `</>` closes whatever is open, attributes it does not know are read and dropped, an unknown named entity
stays text.
"""

from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from bot.sandbox.fake_telegram.rules import utf16

Json = dict[str, Any]

STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
OTHERS = {"a", "code", "pre", "blockquote", "tg-emoji", "tg-time"}
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
SPACE = b" \t\r\n\0\v"
END = 0


class HtmlError(ValueError):
    """The text is not Telegram HTML; the message is Telegram's."""


@dataclass(frozen=True)
class Opened:
    """A start tag that waits for its end."""

    tag: str
    attributes: dict[str, str]
    offset: int
    written: int


def parse(source: str) -> tuple[str, list[Json]]:
    """The plain text and its entities, or an HtmlError."""
    return _Parser(source).run()


class _Parser:
    def __init__(self, source: str) -> None:
        self.data = source.encode() + b"\0"  # the end is a byte as well, so looking at it needs no care
        self.at = 0
        self.out: list[str] = []
        self.offset = 0
        self.open: list[Opened] = []
        self.entities: list[Json] = []

    def run(self) -> tuple[str, list[Json]]:
        while self.at < len(self.data) - 1:
            if self.data[self.at : self.at + 2] == b"</":
                self._end_tag()
            elif self.data[self.at] == ord("<"):
                self._start_tag()
            else:
                self._write(self._character())
        if self.open:
            raise HtmlError(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        return self._text(), utf16.ordered(self.entities)

    def _text(self) -> str:
        joined = "".join(self.out)
        try:
            return joined.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise HtmlError(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ) from None

    def _write(self, text: str) -> None:
        self.out.append(text)
        self.offset += utf16.length(text)

    def _character(self) -> str:
        """The next character, an entity decoded."""
        if self.data[self.at] == ord("&") and (decoded := self._reference()):
            return decoded
        start = self.at
        self.at += 1
        while self.data[self.at] & 0xC0 == 0x80:  # the rest of a character of several bytes
            self.at += 1
        return self.data[start : self.at].decode()

    def _reference(self) -> str:
        """A decoded entity such as &lt; or &#65; with or without semicolon; nothing where it is plain text."""
        end = self.at + 1
        if self.data[end] == ord("#"):
            base, digits = (16, b"0123456789abcdefABCDEF") if self.data[end + 1] in b"x" else (10, b"0123456789")
            begin = end = end + (2 if base == 16 else 1)
            while self.data[end] in digits:
                end += 1
            code = int(self.data[begin:end] or b"0", base)
            decoded = chr(code) if 0 < code < 0x10FFFF and end - self.at < 10 else ""
        else:
            while self.data[end : end + 1].isalpha():
                end += 1
            decoded = NAMED.get(self.data[self.at + 1 : end], "")
        if decoded:
            self.at = end + (self.data[end] == ord(";"))
        return decoded

    def _skip_to(self, stops: bytes) -> str:
        start = self.at
        while self.data[self.at] not in stops:
            self.at += 1
        return self.data[start : self.at].decode("utf-8", "replace")

    def _skip_space(self) -> None:
        while self.data[self.at] != END and self.data[self.at] in SPACE:
            self.at += 1

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self._skip_to(SPACE + b">").lower()
        if self.data[self.at] == END:
            raise HtmlError(f"Unclosed start tag at byte offset {begin}")
        if tag not in STYLES and tag not in OTHERS:
            raise HtmlError(f'Unsupported start tag "{tag}" at byte offset {begin}')
        attributes = self._attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise HtmlError(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.at += 1
        self.open.append(Opened(tag, attributes, self.offset, len(self.out)))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        """Everything up to the closing bracket of a start tag."""

        def fail(message: str) -> NoReturn:
            raise HtmlError(message.format(tag=f'"{tag}"') + f" at byte offset {begin}")

        found: dict[str, str] = {}
        while True:
            self._skip_space()
            if self.data[self.at] == ord(">"):
                return found
            name = self._skip_to(SPACE + b"=>/\"'")
            if not name:
                fail("Empty attribute name in the tag {tag}")
            self._skip_space()
            if self.data[self.at] == ord("="):
                self.at += 1
                self._skip_space()
                if self.data[self.at] == END:
                    fail("Unclosed start tag {tag}")
                found[name] = self._value()
                if self.data[self.at] == END:
                    fail("Unclosed start tag")
            elif self.data[self.at] == END:
                fail("Unclosed start tag {tag}")
            else:
                found[name] = ""

    def _value(self) -> str:
        quote = self.data[self.at]
        begin = self.at
        if quote not in b"\"'":
            while self.data[self.at : self.at + 1].isalnum() or self.data[self.at] in b".-":
                self.at += 1
            if self.data[self.at] not in SPACE + b">":
                raise HtmlError(f"Unexpected end of name token at byte offset {begin}")
            return self.data[begin : self.at].decode().lower()
        self.at += 1
        value = []
        while self.data[self.at] not in (quote, END):
            value.append(self._character())
        self.at += self.data[self.at] == quote
        return "".join(value)

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise HtmlError(f"Unexpected end tag at byte offset {begin}")
        self.at += 2
        tag = self._skip_to(SPACE + b">").lower()
        self._skip_space()
        if self.data[self.at] != ord(">"):
            raise HtmlError(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        opened = self.open.pop()
        if tag and tag != opened.tag:
            expected = f'expected "</{opened.tag}>", found "</{tag}>"'
            raise HtmlError(f"Unmatched end tag at byte offset {begin}, {expected}")
        if self.offset > opened.offset:
            self._close(opened)

    def _close(self, opened: Opened) -> None:
        entity = {"type": "", "offset": opened.offset, "length": self.offset - opened.offset}
        extra = _meaning(opened, "".join(self.out[opened.written :]))
        last = self.entities[-1] if self.entities else {}
        same = {key: last.get(key) for key in ("offset", "length")} == {k: entity[k] for k in ("offset", "length")}
        pair = {last.get("type"), extra.get("type")} == {"pre", "code"}
        if same and pair and (language := last.get("language") or extra.get("language")):
            last.update(type="pre", language=language)
        elif extra:
            self.entities.append(entity | extra)


def _meaning(opened: Opened, text: str) -> Json:
    """The type of the entity a tag stands for and what belongs to it; nothing for a link that leads nowhere."""
    given = opened.attributes
    if opened.tag in STYLES:
        return {"type": STYLES[opened.tag]}
    if opened.tag == "a":
        return link(given.get("href") or text)
    if opened.tag == "code" and given.get("class", "").startswith("language-"):
        return {"type": "code", "language": given["class"].removeprefix("language-")}
    if opened.tag == "blockquote":
        return {"type": "expandable_blockquote" if "expandable" in given else "blockquote"}
    if opened.tag == "tg-emoji":
        emoji = _number(given.get("emoji-id", ""), "custom emoji identifier")
        return {"type": "custom_emoji", "custom_emoji_id": emoji}
    if opened.tag == "tg-time":
        moment = int(_number(given.get("unix", ""), "date"))
        return {"type": "date_time", "unix_time": moment, "date_time_format": given.get("format", "")}
    return {"type": opened.tag}


def _number(text: str, what: str) -> str:
    if not text.isdecimal() or not int(text):
        raise HtmlError(f"Invalid {what} specified")
    return text


def link(address: str) -> Json:
    """A link, a mention of a user by id, or nothing where Telegram would drop the link in silence."""
    user = address.removeprefix("tg://user?id=")
    if user != address and user.isdecimal():
        return {"type": "text_mention", "user": {"id": int(user)}}
    checked = checked_url(address)
    return {"type": "text_link", "url": checked} if checked else {}


def checked_url(address: str) -> str:
    """The address as Telegram keeps it, or nothing where it is not one Telegram accepts."""
    address = address.strip()
    if address.startswith(("tg://", "ton://", "tonsite://")):
        return address
    if any(character.isspace() for character in address) or address.startswith(("mailto:", "tel:")):
        return ""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "." not in (parts.hostname or "").strip("."):
        return ""
    return parts.geturl() if parts.path else parts._replace(path="/").geturl()
