"""Split Telegram HTML into messages that fit, never inside a tag, an entity or a character. Pure."""

import re
from html import unescape

MESSAGE_LIMIT = 4096  # UTF-16 units of a message's text without markup
_HTML_PART = re.compile(r"<(/?)([a-z-]+)([^>]*)>|&[#\w]+;|[^<&]+|[<&]", re.S)


def utf16_length(text: str) -> int:
    """Return the length as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def visible_length(html: str) -> int:
    """Return the length of Telegram HTML without its markup, in UTF-16 code units."""
    return utf16_length(_visible_text(html))


def split_html(html: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Return messages of at most ``limit`` UTF-16 units each; tags open at a cut are closed and reopened.

    In the second half of a message, cuts prefer the end of a paragraph, then a line, a sentence, a word. Text without
    anything visible yields no message.
    """
    messages: list[str] = []
    current: list[str] = []
    open_tags: list[tuple[str, str]] = []  # (name, whole tag)
    room = limit

    def flush_message() -> None:
        nonlocal current, room
        html = "".join(current) + "".join(f"</{name}>" for name, _ in reversed(open_tags))
        if _visible_text(html).strip():
            messages.append(html.strip())
        current = [tag for _, tag in open_tags]
        room = limit

    for match in _HTML_PART.finditer(html):
        if match[2] is not None:
            _track_tag(match, open_tags)
            current.append(match[0])
            continue
        remaining = match[0]
        while utf16_length(unescape(remaining)) > room:
            head, remaining = _cut_text(remaining, room, message_empty=room == limit)
            current.append(head)
            flush_message()
        current.append(remaining)
        room -= utf16_length(unescape(remaining))
    flush_message()
    return messages


def _track_tag(tag: re.Match[str], open_tags: list[tuple[str, str]]) -> None:
    if not tag[1]:
        open_tags.append((tag[2], tag[0]))
    elif open_tags:
        open_tags.pop()


def _cut_text(text: str, room: int, *, message_empty: bool) -> tuple[str, str]:
    """Split text so that the head has at most ``room`` units; an entity is never cut."""
    if text.startswith("&"):
        return "", text
    end = _fitting_length(text, room)
    for mark in ("\n\n", "\n", ". ", " "):
        position = text.rfind(mark, end // 2, end)
        if position > 0:
            return text[: position + len(mark)].rstrip(), text[position + len(mark) :].lstrip()
    return (text[:end], text[end:]) if message_empty or end else ("", text)


def _fitting_length(text: str, room: int) -> int:
    used = 0
    for number, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > room:
            return number
    return len(text)


def _visible_text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))
