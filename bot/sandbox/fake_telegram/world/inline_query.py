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


def content_from_result(result: Json) -> Json:
    """The content of the message that choosing a result sends. Only texts are played, else its title is sent."""
    input_content: Json = result.get("input_message_content", {})
    source_text = input_content.get("message_text") or result.get("caption") or result.get("title", "")
    text, entities = limits.parse_message_text(
        source_text, input_content.get("parse_mode"), input_content.get("entities")
    )
    return objects.omit_none(text=text, entities=entities or None)
