"""Inline mode: the bot's side of it."""

from typing import Any

from bot.sandbox.fake_telegram.methods.registry import api_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

RESULTS_LIMIT = 50
ID_LIMIT = 64  # bytes, of a result's id and of the offset


@api_method("answerInlineQuery")
def answer_inline_query(world: World, params: Json) -> bool:
    """Offer results for what a person typed after the bot's name."""
    results: list[Json] = params["results"]
    if len(results) > RESULTS_LIMIT:
        raise limits.LimitError("RESULTS_TOO_MUCH")
    ids = [result["id"] for result in results]
    if not all(1 <= len(result_id.encode()) <= ID_LIMIT for result_id in ids):
        raise limits.LimitError("RESULT_ID_INVALID")
    if len(set(ids)) < len(ids):
        raise limits.LimitError("RESULT_ID_DUPLICATE")
    if len(params.get("next_offset", "").encode()) > ID_LIMIT:
        raise limits.LimitError("NEXT_OFFSET_INVALID")
    for result in results:
        _check_result(result)
    query = world.inline_queries.get(params["inline_query_id"])
    if query is None or query.expired or query.answer is not None:
        raise limits.bad_request(limits.QUERY_TOO_OLD)
    query.answer = params
    return True


def _check_result(result: Json) -> None:
    """A result becomes a message of the person who chooses it, so it must be one that could be sent."""
    limits.check_reply_markup(result.get("reply_markup"))
    content = result.get("input_message_content", {})
    if "message_text" in content:
        limits.parse_message_text(content["message_text"], content.get("parse_mode"), content.get("entities"))
    if result["type"] == "article" and not result["title"]:
        raise limits.LimitError("ARTICLE_TITLE_EMPTY")
