"""Inline mode: a person asks the bot from any chat by its name and sends one of the results."""

from dataclasses import dataclass
from typing import Any

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Account

Json = dict[str, Any]


@dataclass
class InlineQuery:
    """What a person typed after the bot's name; the answer is the bot's parameters."""

    id: str
    person: Account
    query: str
    answer: Json | None = None
    expired: bool = False

    @property
    def results(self) -> list[Json]:
        """The results offered."""
        return self.answer["results"] if self.answer else []


def to_content(result: Json) -> Json:
    """The content of the message that choosing a result sends. Only texts are played, else its title is sent."""
    given: Json = result.get("input_message_content", {})
    written = given.get("message_text") or result.get("caption") or result.get("title", "")
    text, entities = limits.message_text(written, given.get("parse_mode"), given.get("entities"))
    return objects.compact(text=text, entities=entities or None)
