"""Cut Telegram HTML into messages that fit, never inside a tag, an entity or a character. Pure."""

import re
from collections.abc import Iterator
from html import unescape

LIMIT = 4096  # UTF-16 units of a message's text after its markup is read
_PART = re.compile(r"<(/?)([a-z-]+)([^>]*)>|&[#\w]+;|[^<&]+|[<&]", re.S)


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def length(html: str) -> int:
    """Length of a Telegram HTML text without its markup, as Telegram counts it."""
    return units(_text(html))


def split_html(html: str, limit: int = LIMIT) -> list[str]:
    """Messages of at most ``limit`` units each; tags open at a cut are closed and opened again.

    Cuts fall at a paragraph, a line, a sentence or a blank, whichever comes last in the final half.
    A text without anything visible gives no message.
    """
    messages: list[str] = []
    current: list[str] = []
    opened: list[tuple[str, str]] = []  # (name, whole tag)
    room = limit

    def close() -> None:
        nonlocal current, room
        html = "".join(current) + "".join(f"</{name}>" for name, _ in reversed(opened))
        if _visible(html):
            messages.append(html.strip())
        current = [tag for _, tag in opened]
        room = limit

    for part, is_tag in _parts(html):
        if is_tag:
            _track(part, opened)
            current.append(part)
            continue
        rest = part
        while units(unescape(rest)) > room:
            head, rest = _cut(rest, room, fresh=room == limit)
            current.append(head)
            close()
        current.append(rest)
        room -= units(unescape(rest))
    close()
    return messages


def _parts(html: str) -> Iterator[tuple[str, bool]]:
    for match in _PART.finditer(html):
        yield match[0], match[2] is not None


def _track(tag: str, opened: list[tuple[str, str]]) -> None:
    match = _PART.fullmatch(tag)
    assert match
    if not match[1]:
        opened.append((match[2], tag))
    elif opened:
        opened.pop()


def _cut(text: str, room: int, *, fresh: bool) -> tuple[str, str]:
    """Cut plain text so that the head has at most ``room`` units; an entity is never cut."""
    if text.startswith("&"):
        return "", text
    end = _fitting(text, room)
    for mark in ("\n\n", "\n", ". ", " "):
        place = text.rfind(mark, end // 2, end)
        if place > 0:
            return text[: place + len(mark)].rstrip(), text[place + len(mark) :].lstrip()
    return (text[:end], text[end:]) if fresh or end else ("", text)


def _fitting(text: str, room: int) -> int:
    used = 0
    for number, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > room:
            return number
    return len(text)


def _visible(html: str) -> bool:
    return bool(_text(html).strip())


def _text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))
