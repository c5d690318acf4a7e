"""Messages of the stand-in -> a page that looks like a chat."""

from collections.abc import Iterable
from html import escape

from bot.sandbox.standin import Seen

TAGS = {"bold": "b", "italic": "i", "code": "code", "blockquote": "blockquote", "expandable_blockquote": "blockquote"}
STYLE = """
body { margin: 0; padding: 16px; width: 420px; background: #e7ecef; font: 15px/1.4 sans-serif; }
h1 { font-size: 17px; margin: -16px -16px 12px; padding: 12px 16px; background: #33475b; color: #fff; }
.message { background: #fff; border-radius: 12px; padding: 8px 12px; margin: 6px 0; max-width: 360px;
           white-space: pre-wrap; overflow-wrap: anywhere; }
.own { background: #d5efdd; margin-left: auto; }
.who { font-weight: bold; color: #33475b; display: block; }
blockquote { margin: 4px 0; padding-left: 8px; border-left: 3px solid #7c93a8; }
.row { display: flex; gap: 4px; max-width: 384px; margin: 4px 0; }
.button { flex: 1; background: #7c93a8; color: #fff; border-radius: 8px; padding: 7px 6px; text-align: center;
          font-size: 14px; }
"""


def page(title: str, messages: Iterable[Seen], names: dict[int, str], reader: int) -> str:
    """The page; ``names`` are the people's, and what ``reader`` wrote stands on the right."""
    drawn = "".join(_message(message, names, reader) for message in messages)
    return f'<!DOCTYPE html><meta charset="utf-8"><style>{STYLE}</style><h1>{escape(title)}</h1>{drawn}'


def _message(message: Seen, names: dict[int, str], reader: int) -> str:
    own = " own" if message.sender_id == reader else ""
    who = escape(names.get(message.sender_id, "Bot"))
    rows = "".join(
        '<div class="row">' + "".join(f'<div class="button">{escape(b.text)}</div>' for b in row) + "</div>"
        for row in message.buttons
    )
    return f'<div class="message{own}"><span class="who">{who}</span>{_marked(message)}</div>{rows}'


def _marked(message: Seen) -> str:
    """The text with its entities as tags. Telegram counts in UTF-16 code units."""
    units = message.text.encode("utf-16-le")
    tags: dict[int, list[str]] = {}
    for entity in message.raw.get("entities", ()):
        if name := TAGS.get(entity["type"]):
            start, end = entity["offset"], entity["offset"] + entity["length"]
            tags.setdefault(start, []).append(f"<{name}>")
            tags.setdefault(end, []).insert(0, f"</{name}>")
    places = sorted({0, len(units) // 2, *tags})
    pieces: list[str] = []
    for place, following in zip(places, [*places[1:], places[-1]], strict=True):
        pieces += tags.get(place, ())
        pieces.append(escape(units[2 * place : 2 * following].decode("utf-16-le")))
    return "".join(pieces)
