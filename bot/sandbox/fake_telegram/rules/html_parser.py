"""Parse Telegram's HTML subset: its few tags, its four named entities, and its error messages.

It behaves like Telegram's server, including the byte offsets in error messages: tags must be closed in order, `</>`
closes the innermost open tag, unknown attributes are dropped, unknown named entities remain text.
"""

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from bot.sandbox.fake_telegram.rules.entities import sort_entities
from bot.sandbox.fake_telegram.rules.schema import Json
from prompts.message_splitter import utf16_length

STYLE_TAGS = {
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
OTHER_TAGS = {"a", "code", "pre", "blockquote", "tg-emoji", "tg-time"}
NAMED_ENTITIES = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
WHITESPACE = b" \t\r\n\0\v"
END_BYTE = 0
MARKUP_START = re.compile(rb"[<&]")


class HtmlError(ValueError):
    """The text is not valid Telegram HTML; the message is Telegram's own."""


@dataclass(frozen=True)
class OpenTag:
    """A start tag whose end tag has not been read yet."""

    tag: str
    attributes: dict[str, str]
    offset: int
    part_index: int


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Return the plain text and its entities; raises HtmlError."""
    return _HtmlParser(source).parse()


class _HtmlParser:
    def __init__(self, source: str) -> None:
        self.data = source.encode() + b"\0"  # sentinel: reading at the end needs no bounds check
        self.position = 0
        self.text_parts: list[str] = []
        self.offset = 0
        self.open_tags: list[OpenTag] = []
        self.entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        while self.position < len(self.data) - 1:
            if self.data[self.position : self.position + 2] == b"</":
                self._parse_end_tag()
            elif self.data[self.position] == ord("<"):
                self._parse_start_tag()
            elif self.data[self.position] == ord("&"):
                self._append_text(self._next_character())
            else:
                self._append_text(self._read_plain_text())
        if self.open_tags:
            raise HtmlError(f'Can\'t find end tag corresponding to start tag "{self.open_tags[-1].tag}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        return self._join_text(), sort_entities(self.entities)

    def _join_text(self) -> str:
        joined = "".join(self.text_parts)
        try:
            return joined.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise HtmlError(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ) from None

    def _append_text(self, text: str) -> None:
        self.text_parts.append(text)
        self.offset += utf16_length(text)

    def _read_plain_text(self) -> str:
        """Read up to the next tag or character reference; most of a message is plain."""
        start = self.position
        match = MARKUP_START.search(self.data, start, len(self.data) - 1)
        self.position = match.start() if match else len(self.data) - 1
        return self.data[start : self.position].decode()

    def _next_character(self) -> str:
        """Read the next character, decoding a character reference."""
        if self.data[self.position] == ord("&") and (decoded := self._decode_reference()):
            return decoded
        start = self.position
        self.position += 1
        while self.data[self.position] & 0xC0 == 0x80:  # continuation bytes
            self.position += 1
        return self.data[start : self.position].decode()

    def _decode_reference(self) -> str:
        """Decode a reference like &lt; or &#65; with or without semicolon; "" if this is plain text."""
        end = self.position + 1
        if self.data[end] == ord("#"):
            base, digits = (16, b"0123456789abcdefABCDEF") if self.data[end + 1] in b"x" else (10, b"0123456789")
            begin = end = end + (2 if base == 16 else 1)
            while self.data[end] in digits:
                end += 1
            code = int(self.data[begin:end] or b"0", base)
            decoded = chr(code) if 0 < code < 0x10FFFF and end - self.position < 10 else ""
        else:
            while self.data[end : end + 1].isalpha():
                end += 1
            decoded = NAMED_ENTITIES.get(self.data[self.position + 1 : end], "")
        if decoded:
            self.position = end + (self.data[end] == ord(";"))
        return decoded

    def _read_until(self, stops: bytes) -> str:
        start = self.position
        while self.data[self.position] not in stops:
            self.position += 1
        return self.data[start : self.position].decode("utf-8", "replace")

    def _skip_whitespace(self) -> None:
        while self.data[self.position] != END_BYTE and self.data[self.position] in WHITESPACE:
            self.position += 1

    def _parse_start_tag(self) -> None:
        begin = self.position
        self.position += 1
        tag = self._read_until(WHITESPACE + b">").lower()
        if self.data[self.position] == END_BYTE:
            raise HtmlError(f"Unclosed start tag at byte offset {begin}")
        if tag not in STYLE_TAGS and tag not in OTHER_TAGS:
            raise HtmlError(f'Unsupported start tag "{tag}" at byte offset {begin}')
        attributes = self._parse_attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise HtmlError(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.position += 1
        self.open_tags.append(OpenTag(tag, attributes, self.offset, len(self.text_parts)))

    def _parse_attributes(self, tag: str, begin: int) -> dict[str, str]:
        """Read everything up to the closing bracket of a start tag."""

        def raise_error(message: str) -> NoReturn:
            raise HtmlError(message.format(tag=f'"{tag}"') + f" at byte offset {begin}")

        attributes: dict[str, str] = {}
        while True:
            self._skip_whitespace()
            if self.data[self.position] == ord(">"):
                return attributes
            name = self._read_until(WHITESPACE + b"=>/\"'")
            if not name:
                raise_error("Empty attribute name in the tag {tag}")
            self._skip_whitespace()
            if self.data[self.position] == ord("="):
                self.position += 1
                self._skip_whitespace()
                if self.data[self.position] == END_BYTE:
                    raise_error("Unclosed start tag {tag}")
                attributes[name] = self._parse_value()
                if self.data[self.position] == END_BYTE:
                    raise_error("Unclosed start tag")
            elif self.data[self.position] == END_BYTE:
                raise_error("Unclosed start tag {tag}")
            else:
                attributes[name] = ""

    def _parse_value(self) -> str:
        quote = self.data[self.position]
        begin = self.position
        if quote not in b"\"'":
            while self.data[self.position : self.position + 1].isalnum() or self.data[self.position] in b".-":
                self.position += 1
            if self.data[self.position] not in WHITESPACE + b">":
                raise HtmlError(f"Unexpected end of name token at byte offset {begin}")
            return self.data[begin : self.position].decode().lower()
        self.position += 1
        value = []
        while self.data[self.position] not in (quote, END_BYTE):
            value.append(self._next_character())
        self.position += self.data[self.position] == quote
        return "".join(value)

    def _parse_end_tag(self) -> None:
        begin = self.position
        if not self.open_tags:
            raise HtmlError(f"Unexpected end tag at byte offset {begin}")
        self.position += 2
        tag = self._read_until(WHITESPACE + b">").lower()
        self._skip_whitespace()
        if self.data[self.position] != ord(">"):
            raise HtmlError(f"Unclosed end tag at byte offset {begin}")
        self.position += 1
        open_tag = self.open_tags.pop()
        if tag and tag != open_tag.tag:
            expected = f'expected "</{open_tag.tag}>", found "</{tag}>"'
            raise HtmlError(f"Unmatched end tag at byte offset {begin}, {expected}")
        if self.offset > open_tag.offset:
            self._add_entity(open_tag)

    def _add_entity(self, open_tag: OpenTag) -> None:
        entity = {"type": "", "offset": open_tag.offset, "length": self.offset - open_tag.offset}
        tag_fields = _entity_fields(open_tag, "".join(self.text_parts[open_tag.part_index :]))
        previous = self.entities[-1] if self.entities else {}
        same_span = {key: previous.get(key) for key in ("offset", "length")} == {
            k: entity[k] for k in ("offset", "length")
        }
        is_pre_and_code = {previous.get("type"), tag_fields.get("type")} == {"pre", "code"}
        if same_span and is_pre_and_code and (language := previous.get("language") or tag_fields.get("language")):
            previous.update(type="pre", language=language)
        elif tag_fields:
            self.entities.append(entity | tag_fields)


def _entity_fields(open_tag: OpenTag, text: str) -> Json:
    """Return type and extra fields of the entity for a tag; empty for a link without a valid address."""
    attributes = open_tag.attributes
    if open_tag.tag in STYLE_TAGS:
        return {"type": STYLE_TAGS[open_tag.tag]}
    if open_tag.tag == "a":
        return link_entity(attributes.get("href") or text)
    if open_tag.tag == "code" and attributes.get("class", "").startswith("language-"):
        return {"type": "code", "language": attributes["class"].removeprefix("language-")}
    if open_tag.tag == "blockquote":
        return {"type": "expandable_blockquote" if "expandable" in attributes else "blockquote"}
    if open_tag.tag == "tg-emoji":
        emoji = _check_number(attributes.get("emoji-id", ""), "custom emoji identifier")
        return {"type": "custom_emoji", "custom_emoji_id": emoji}
    if open_tag.tag == "tg-time":
        moment = int(_check_number(attributes.get("unix", ""), "date"))
        return {"type": "date_time", "unix_time": moment, "date_time_format": attributes.get("format", "")}
    return {"type": open_tag.tag}


def _check_number(text: str, label: str) -> str:
    if not text.isdecimal() or not int(text):
        raise HtmlError(f"Invalid {label} specified")
    return text


def link_entity(address: str) -> Json:
    """Return a text link or a mention by user id; empty if Telegram would silently drop the link."""
    user_id = address.removeprefix("tg://user?id=")
    if user_id != address and user_id.isdecimal():
        return {"type": "text_mention", "user": {"id": int(user_id)}}
    url = normalise_url(address)
    return {"type": "text_link", "url": url} if url else {}


def normalise_url(address: str) -> str:
    """Return the address as Telegram stores it, or "" if Telegram rejects it."""
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
