"""Methods about the bot itself: its profile, its commands, its webhook, taps on buttons, chats it is in."""

import json
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.standin import rules
from bot.sandbox.standin.methods import plays
from bot.sandbox.standin.webhook import Webhook
from bot.sandbox.standin.world import World, member_json

Json = dict[str, Any]

TOPIC_COLOR = 0x6FB9F0


@plays("getMe")
def get_me(world: World, params: Json) -> Json:
    """Who the bot is."""
    no = (
        "can_connect_to_business supports_inline_queries has_main_web_app has_topics_enabled "
        "allows_users_to_create_topics can_manage_bots supports_guest_queries supports_join_request_queries"
    )
    rights = {"can_join_groups": True, "can_read_all_group_messages": not world.privacy}
    return world.bot.to_json() | rights | dict.fromkeys(no.split(), False)


@plays("answerCallbackQuery")
def answer_callback_query(world: World, params: Json) -> bool:
    """End the waiting on a tapped button."""
    rules.check_alert(params.get("text", ""))
    query = world.queries.get(params["callback_query_id"])
    if query is None or query.expired or query.answer is not None:
        raise rules.bad_request(rules.QUERY_TOO_OLD)
    query.answer = params
    return True


@plays("sendChatAction")
def send_chat_action(world: World, params: Json) -> bool:
    """Show "typing" and the like."""
    world.writable(params["chat_id"])
    rules.check_action(params["action"])
    return True


@plays("setMyCommands")
def set_my_commands(world: World, params: Json) -> bool:
    """Fill the menu for a scope and a language."""
    world.profile.commands[_menu(world, params)] = rules.check_commands(params["commands"])
    return True


@plays("getMyCommands")
def get_my_commands(world: World, params: Json) -> list[Json]:
    """The menu for exactly this scope and language."""
    return world.profile.commands.get(_menu(world, params), [])


@plays("deleteMyCommands")
def delete_my_commands(world: World, params: Json) -> bool:
    """Empty the menu for a scope and a language."""
    world.profile.commands.pop(_menu(world, params), None)
    return True


def _menu(world: World, params: Json) -> tuple[str, str]:
    scope = params.get("scope", {"type": "default"})
    if "chat_id" in scope:
        world.chat(scope["chat_id"])
    return json.dumps(scope, sort_keys=True), rules.check_language(params.get("language_code", ""))


def _plays_profile_text(suffix: str, name: str, limit: int) -> None:
    """One text of the profile: a method that sets it and one that reads it."""

    def set_text(world: World, params: Json) -> bool:
        text = rules.check_length(name, params.get(name, ""), limit)
        world.profile.texts[name, rules.check_language(params.get("language_code", ""))] = text
        return True

    def get_text(world: World, params: Json) -> Json:
        language = rules.check_language(params.get("language_code", ""))
        default = world.bot.first_name if name == "name" else ""
        general = world.profile.texts.get((name, "")) or default
        return {name: world.profile.texts.get((name, language)) or general}

    plays(f"setMy{suffix}")(set_text)
    plays(f"getMy{suffix}")(get_text)


_plays_profile_text("Name", "name", 64)
_plays_profile_text("Description", "description", 512)
_plays_profile_text("ShortDescription", "short_description", 120)


@plays("setWebhook")
def set_webhook(world: World, params: Json) -> bool:
    """Have updates pushed; the stand-in takes plain HTTP for addresses on this machine only."""
    secret = params.get("secret_token", "")
    rules.check_secret(secret)
    target = urlsplit(params["url"])
    if params["url"] and (target.scheme, target.hostname) not in (
        ("http", "127.0.0.1"),
        ("http", "localhost"),
    ):
        raise rules.LimitError("bad webhook: stand-in: only http://127.0.0.1 and http://localhost can be reached")
    if params.get("drop_pending_updates"):
        world.updates.drop()
    if "allowed_updates" in params:
        world.updates.allowed = params["allowed_updates"]
    world.set_webhook(Webhook(params["url"], secret, params.get("max_connections", 40)))
    return True


@plays("deleteWebhook")
def delete_webhook(world: World, params: Json) -> bool:
    """Go back to polling."""
    return set_webhook(world, {"url": "", **params})


@plays("getWebhookInfo")
def get_webhook_info(world: World, params: Json) -> Json:
    """Where updates go and what went wrong."""
    return world.webhook.to_json(world.updates)


@plays("getChat")
def get_chat(world: World, params: Json) -> Json:
    """All about a chat."""
    chat = world.chat(params["chat_id"])
    gifts = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
    full = {
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts.split(), True),
    }
    if chat.pinned:
        full["pinned_message"] = chat.messages[chat.pinned[-1]].to_json()
    return chat.to_json() | full


@plays("getChatMember")
def get_chat_member(world: World, params: Json) -> Json:
    """What somebody is in a chat."""
    chat = world.chat(params["chat_id"])
    account = world.accounts.get(params["user_id"])
    if account is None:
        raise rules.bad_request("user not found")
    if account is world.bot:
        return member_json(account, chat.bot_status)
    status = "member" if chat.private and account.id == chat.id else chat.members.get(account.id, "left")
    return member_json(account, status)


@plays("createForumTopic")
def create_forum_topic(world: World, params: Json) -> Json:
    """Open a topic in a forum; its id is that of the service message it starts with."""
    chat = world.writable(params["chat_id"])
    if not chat.is_forum:
        raise rules.bad_request("the chat is not a forum")
    if chat.bot_status != "administrator":
        raise rules.bad_request("not enough rights to create a topic")
    if not 1 <= len(params["name"]) <= 128:
        raise rules.LimitError("stand-in: a topic's name must have 1 to 128 characters")
    topic = {"name": params["name"], "icon_color": params.get("icon_color", TOPIC_COLOR)}
    message = world.post(chat, world.bot, {"forum_topic_created": topic})
    message.thread_id = message.id
    chat.topics[message.id] = params["name"]
    return {"message_thread_id": message.id, **topic}


@plays("editForumTopic")
def edit_forum_topic(world: World, params: Json) -> bool:
    """Rename a topic."""
    chat = world.writable(params["chat_id"])
    thread = params["message_thread_id"]
    if thread not in chat.topics:
        raise rules.bad_request("message thread not found")
    if chat.topics[thread] == params.get("name", chat.topics[thread]):
        raise rules.bad_request("TOPIC_NOT_MODIFIED")
    chat.topics[thread] = params["name"]
    return True


@plays("leaveChat")
def leave_chat(world: World, params: Json) -> bool:
    """Go out of a group."""
    chat = world.writable(params["chat_id"])
    if chat.private:
        raise rules.bad_request("chat member status can't be changed in private chats")
    world.set_bot_status(chat, world.bot, "left")
    return True
