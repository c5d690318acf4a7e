"""Telegram counts text in UTF-16 code units; these few helpers do the counting."""

import re
from typing import Any

Json = dict[str, Any]

DETECTED = {
    "bot_command": re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w/@])"),
    "url": re.compile(r"(?<![\w@/.])(?:https?://[^\s<>\"]+[^\s<>\".,;:!?)]|(?:[a-z0-9-]+\.)+(?:com|org|de|net)\b)"),
    "email": re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "mention": re.compile(r"(?<![\w/@.])@[A-Za-z]\w{3,31}(?![\w@])"),
    "hashtag": re.compile(r"(?<![\w#])#\w*[^\W\d]\w*"),
}

TRANSPARENT = {
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
}


def length(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, offset: int, size: int) -> str:
    """The part of a text that an entity covers."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[2 * offset : 2 * (offset + size)].decode("utf-16-le", "replace")


def detected(text: str, taken: list[Json]) -> list[Json]:
    """The entities Telegram finds by itself (commands, links, ...), where none of the taken ones is."""
    found = list(taken)
    for kind, pattern in DETECTED.items():
        for match in pattern.finditer(text):
            entity = {"type": kind, "offset": length(text[: match.start()]), "length": length(match.group())}
            if not any(_hides(other, entity) for other in found):
                found.append(entity)
    return ordered(found)


def _hides(other: Json, entity: Json) -> bool:
    apart = (
        other["offset"] + other["length"] <= entity["offset"]
        or entity["offset"] + entity["length"] <= other["offset"]
    )
    return not apart and other["type"] not in TRANSPARENT


def ordered(entities: list[Json]) -> list[Json]:
    """Sorted as Telegram sorts them: by start, the longer one first."""
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Text without white space around it, and the entities moved and shortened with it."""
    lead = length(text) - length(text.lstrip())
    text = text.strip()
    end = length(text)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        stop = min(entity["offset"] - lead + entity["length"], end)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return text, kept
