"""Message entities: detect, sort and trim them. Offsets and lengths count UTF-16 code units."""

import re

from bot.sandbox.fake_telegram.rules.schema import Json
from prompts.message_splitter import utf16_length

ENTITY_PATTERNS = {
    "bot_command": re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w/@])"),
    "url": re.compile(r"(?<![\w@/.-])(?:https?://[^\s<>\"]+[^\s<>\".,;:!?)]|(?:[a-z0-9-]+\.)+(?:com|org|de|net)\b)"),
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


def slice_units(text: str, offset: int, unit_count: int) -> str:
    """Return the part of a text that an entity covers."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[2 * offset : 2 * (offset + unit_count)].decode("utf-16-le", "replace")


def detect_entities(text: str, existing: list[Json]) -> list[Json]:
    """Add the entities that Telegram detects itself (commands, links, ...) unless an existing one is in the way."""
    entities = list(existing)
    for kind, pattern in ENTITY_PATTERNS.items():
        for match in pattern.finditer(text):
            entity = {
                "type": kind,
                "offset": utf16_length(text[: match.start()]),
                "length": utf16_length(match.group()),
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
    """Sort entities as Telegram does: by offset, longer ones first."""
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def trim_text(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Strip surrounding white space from a text; shift and shorten its entities accordingly."""
    leading = utf16_length(text) - utf16_length(text.lstrip())
    text = text.strip()
    end = utf16_length(text)
    trimmed_entities = []
    for entity in entities:
        start = max(entity["offset"] - leading, 0)
        stop = min(entity["offset"] - leading + entity["length"], end)
        if stop > start:
            trimmed_entities.append({**entity, "offset": start, "length": stop - start})
    return text, trimmed_entities
