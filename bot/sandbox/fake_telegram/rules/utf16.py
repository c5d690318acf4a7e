"""Telegram counts text in UTF-16 code units; these few helpers do the counting."""

import re
from typing import Any

Json = dict[str, Any]

ENTITY_PATTERNS = {
    "bot_command": re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w/@])"),
    "url": re.compile(r"(?<![\w@/.])(?:https?://[^\s<>\"]+[^\s<>\".,;:!?)]|(?:[a-z0-9-]+\.)+(?:com|org|de|net)\b)"),
    "email": re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "mention": re.compile(r"(?<![\w/@.])@[A-Za-z]\w{3,31}(?![\w@])"),
    "hashtag": re.compile(r"(?<![\w#])#\w*[^\W\d]\w*"),
}

TRANSPARENT_TYPES = {
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
}


def count_units(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def slice_units(text: str, offset: int, unit_count: int) -> str:
    """The part of a text that an entity covers."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[2 * offset : 2 * (offset + unit_count)].decode("utf-16-le", "replace")


def detect_entities(text: str, existing: list[Json]) -> list[Json]:
    """The entities Telegram finds by itself (commands, links, ...), where none of the taken ones is."""
    entities = list(existing)
    for kind, pattern in ENTITY_PATTERNS.items():
        for match in pattern.finditer(text):
            entity = {
                "type": kind,
                "offset": count_units(text[: match.start()]),
                "length": count_units(match.group()),
            }
            if not any(_blocks_detection(other, entity) for other in entities):
                entities.append(entity)
    return sort_entities(entities)


def _blocks_detection(other: Json, entity: Json) -> bool:
    disjoint = (
        other["offset"] + other["length"] <= entity["offset"]
        or entity["offset"] + entity["length"] <= other["offset"]
    )
    return not disjoint and other["type"] not in TRANSPARENT_TYPES


def sort_entities(entities: list[Json]) -> list[Json]:
    """Sorted as Telegram sorts them: by start, the longer one first."""
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def trim_text(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Text without white space around it, and the entities moved and shortened with it."""
    leading = count_units(text) - count_units(text.lstrip())
    text = text.strip()
    end = count_units(text)
    trimmed_entities = []
    for entity in entities:
        start = max(entity["offset"] - leading, 0)
        stop = min(entity["offset"] - leading + entity["length"], end)
        if stop > start:
            trimmed_entities.append({**entity, "offset": start, "length": stop - start})
    return text, trimmed_entities
