"""Queries that the bot must answer in time: taps on buttons, and what a person types after the bot's name."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Account


@dataclass
class Query:
    """A query of a person; ``answer`` holds the parameters of the bot's answer."""

    id: str
    person: Account
    answer: Json | None = None
    expired: bool = False


class CallbackQuery(Query):
    """A tap on a button."""


@dataclass
class InlineQuery(Query):
    """A text typed after the bot's name."""

    query: str = ""

    @property
    def results(self) -> list[Json]:
        """The results offered."""
        return self.answer["results"] if self.answer else []


def answer_query(queries: Mapping[str, Query], query_id: str, answer: Json) -> bool:
    """Record the bot's answer; raises ApiError if the query is unknown, expired or already answered."""
    query = queries.get(query_id)
    if query is None or query.expired or query.answer is not None:
        raise limits.bad_request(limits.QUERY_TOO_OLD)
    query.answer = answer
    return True


def content_from_result(result: Json) -> Json:
    """Return the content of the message sent by choosing a result: its text, or its title if it has none."""
    input_content: Json = result.get("input_message_content", {})
    source_text = input_content.get("message_text") or result.get("caption") or result.get("title", "")
    text, entities = limits.parse_message_text(
        source_text, input_content.get("parse_mode"), input_content.get("entities")
    )
    return objects.omit_none(text=text, entities=entities or None)
