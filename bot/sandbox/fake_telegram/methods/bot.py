"""Methods about the bot itself: profile, commands, webhook, and answers to queries."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.fake_telegram.methods.registry import api_method, chat_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.queries import answer_query
from bot.sandbox.fake_telegram.world.webhook import Webhook
from bot.sandbox.fake_telegram.world.world import World

RESULTS_LIMIT = 50
ID_LIMIT = 64  # bytes of a result's id and of the offset


@api_method("getMe")
def get_me(world: World, params: Json) -> Json:
    """Return the bot's account and capabilities."""
    unsupported = (
        "can_connect_to_business has_main_web_app has_topics_enabled "
        "allows_users_to_create_topics can_manage_bots supports_guest_queries supports_join_request_queries"
    )
    capabilities = {"can_join_groups": True, "can_read_all_group_messages": False}
    capabilities["supports_inline_queries"] = True
    return world.bot.to_json() | capabilities | dict.fromkeys(unsupported.split(), False)


@api_method("answerCallbackQuery")
def answer_callback_query(world: World, params: Json) -> bool:
    """Answer a tap on a button."""
    limits.check_alert_text(params.get("text", ""))
    return answer_query(world.queries, params["callback_query_id"], params)


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
    return answer_query(world.inline_queries, params["inline_query_id"], params)


def _check_result(result: Json) -> None:
    """Raise LimitError unless the message that choosing this result sends is valid."""
    limits.check_reply_markup(result.get("reply_markup"))
    content = result.get("input_message_content", {})
    if "message_text" in content:
        limits.parse_message_text(content["message_text"], content.get("parse_mode"), content.get("entities"))
    if result["type"] == "article" and not result["title"]:
        raise limits.LimitError("ARTICLE_TITLE_EMPTY")


@chat_method("sendChatAction")
def send_chat_action(world: World, chat: Chat, params: Json) -> bool:
    """Show "typing" and the like."""
    limits.check_chat_action(params["action"])
    chat.typing_since = 0.0 if params["action"] == "cancel" else time.time()
    return True


@api_method("setMyCommands")
def set_my_commands(world: World, params: Json) -> bool:
    """Set the menu for a scope and a language."""
    world.profile.commands[_commands_key(world, params)] = limits.check_commands(params["commands"])
    return True


@api_method("deleteMyCommands")
def delete_my_commands(world: World, params: Json) -> bool:
    """Delete the menu of a scope and a language, so that the next wider scope applies."""
    world.profile.commands.pop(_commands_key(world, params), None)
    return True


@api_method("getMyCommands")
def get_my_commands(world: World, params: Json) -> list[Json]:
    """Return the menu for exactly this scope and language."""
    return world.profile.commands.get(_commands_key(world, params), [])


def _commands_key(world: World, params: Json) -> tuple[str, str]:
    scope = params.get("scope", {"type": "default"})
    if "chat_id" in scope:
        world.find_chat(scope["chat_id"])
    return json.dumps(scope, sort_keys=True), limits.check_language_code(params.get("language_code", ""))


def _register_profile_text(suffix: str, field_name: str, limit: int) -> None:
    """Register the setter and the getter of a text of the profile."""

    def set_text(world: World, params: Json) -> bool:
        text = limits.check_profile_text(field_name, params.get(field_name, ""), limit)
        world.profile.texts[field_name, limits.check_language_code(params.get("language_code", ""))] = text
        return True

    def get_text(world: World, params: Json) -> Json:
        language = limits.check_language_code(params.get("language_code", ""))
        return {field_name: world.profile.find_text(field_name, language)}

    api_method(f"setMy{suffix}")(set_text)
    api_method(f"getMy{suffix}")(get_text)


_register_profile_text("Name", "name", 64)
_register_profile_text("Description", "description", 512)
_register_profile_text("ShortDescription", "short_description", 120)


@api_method("setWebhook")
def set_webhook(world: World, params: Json) -> bool:
    """Deliver updates to a webhook, which must be plain HTTP on this machine."""
    secret_token = params.get("secret_token", "")
    limits.check_secret_token(secret_token)
    target = urlsplit(params["url"])
    if params["url"] and (target.scheme, target.hostname) not in (
        ("http", "127.0.0.1"),
        ("http", "localhost"),
    ):
        raise limits.LimitError("bad webhook: fake Telegram: only http://127.0.0.1 and http://localhost are allowed")
    if params.get("drop_pending_updates"):
        world.updates.drop_pending()
    if "allowed_updates" in params:
        world.updates.allowed_kinds = params["allowed_updates"]
    world.set_webhook(Webhook(params["url"], secret_token, params.get("max_connections", 40)))
    return True


@api_method("deleteWebhook")
def delete_webhook(world: World, params: Json) -> Any:
    """Return to polling."""
    return set_webhook(world, {"url": "", **params})


@api_method("getWebhookInfo")
def get_webhook_info(world: World, params: Json) -> Json:
    """Return where updates are delivered and the last error."""
    return world.webhook.to_json(world.updates)
