"""Methods about the bot itself: its profile, its commands, its webhook, taps on buttons."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.fake_telegram.methods.registry import api_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world.webhook import Webhook
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]


@api_method("getMe")
def get_me(world: World, params: Json) -> Json:
    """Who the bot is."""
    unsupported = (
        "can_connect_to_business has_main_web_app has_topics_enabled "
        "allows_users_to_create_topics can_manage_bots supports_guest_queries supports_join_request_queries"
    )
    capabilities = {"can_join_groups": True, "can_read_all_group_messages": not world.privacy_mode}
    capabilities["supports_inline_queries"] = True
    return world.bot.to_json() | capabilities | dict.fromkeys(unsupported.split(), False)


@api_method("answerCallbackQuery")
def answer_callback_query(world: World, params: Json) -> bool:
    """End the waiting on a tapped button."""
    limits.check_alert_text(params.get("text", ""))
    query = world.queries.get(params["callback_query_id"])
    if query is None or query.expired or query.answer is not None:
        raise limits.bad_request(limits.QUERY_TOO_OLD)
    query.answer = params
    return True


@api_method("sendChatAction")
def send_chat_action(world: World, params: Json) -> bool:
    """Show "typing" and the like."""
    chat = world.find_writable_chat(params["chat_id"])
    limits.check_chat_action(params["action"])
    chat.typing_since = 0.0 if params["action"] == "cancel" else time.time()
    return True


@api_method("setMyCommands")
def set_my_commands(world: World, params: Json) -> bool:
    """Fill the menu for a scope and a language."""
    world.profile.commands[_commands_key(world, params)] = limits.check_commands(params["commands"])
    return True


@api_method("getMyCommands")
def get_my_commands(world: World, params: Json) -> list[Json]:
    """The menu for exactly this scope and language."""
    return world.profile.commands.get(_commands_key(world, params), [])


@api_method("deleteMyCommands")
def delete_my_commands(world: World, params: Json) -> bool:
    """Empty the menu for a scope and a language."""
    world.profile.commands.pop(_commands_key(world, params), None)
    return True


def _commands_key(world: World, params: Json) -> tuple[str, str]:
    scope = params.get("scope", {"type": "default"})
    if "chat_id" in scope:
        world.find_chat(scope["chat_id"])
    return json.dumps(scope, sort_keys=True), limits.check_language_code(params.get("language_code", ""))


def _register_profile_text(suffix: str, field_name: str, limit: int) -> None:
    """One text of the profile: a method that sets it and one that reads it."""

    def set_text(world: World, params: Json) -> bool:
        text = limits.check_profile_text(field_name, params.get(field_name, ""), limit)
        world.profile.texts[field_name, limits.check_language_code(params.get("language_code", ""))] = text
        return True

    def get_text(world: World, params: Json) -> Json:
        language = limits.check_language_code(params.get("language_code", ""))
        default = world.bot.first_name if field_name == "name" else ""
        fallback = world.profile.texts.get((field_name, "")) or default
        return {field_name: world.profile.texts.get((field_name, language)) or fallback}

    api_method(f"setMy{suffix}")(set_text)
    api_method(f"getMy{suffix}")(get_text)


_register_profile_text("Name", "name", 64)
_register_profile_text("Description", "description", 512)
_register_profile_text("ShortDescription", "short_description", 120)


@api_method("setWebhook")
def set_webhook(world: World, params: Json) -> bool:
    """Have updates pushed; the stand-in takes plain HTTP for addresses on this machine only."""
    secret_token = params.get("secret_token", "")
    limits.check_secret_token(secret_token)
    target = urlsplit(params["url"])
    if params["url"] and (target.scheme, target.hostname) not in (
        ("http", "127.0.0.1"),
        ("http", "localhost"),
    ):
        raise limits.LimitError("bad webhook: stand-in: only http://127.0.0.1 and http://localhost can be reached")
    if params.get("drop_pending_updates"):
        world.updates.drop_pending()
    if "allowed_updates" in params:
        world.updates.allowed_kinds = params["allowed_updates"]
    world.set_webhook(Webhook(params["url"], secret_token, params.get("max_connections", 40)))
    return True


@api_method("deleteWebhook")
def delete_webhook(world: World, params: Json) -> bool:
    """Go back to polling."""
    return set_webhook(world, {"url": "", **params})


@api_method("getWebhookInfo")
def get_webhook_info(world: World, params: Json) -> Json:
    """Where updates go and what went wrong."""
    return world.webhook.to_json(world.updates)
