"""Methods about chats, their members and topics."""

from bot.sandbox.fake_telegram.methods.registry import api_method, chat_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import TOPIC_COLOR, World, chat_member_json

TOPIC_NAME_LIMIT = 128  # characters


@api_method("getChat")
def get_chat(world: World, params: Json) -> Json:
    """Return full information about a chat."""
    chat = world.find_chat(params["chat_id"])
    gifts = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
    full_info = {
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts.split(), True),
    }
    if chat.pinned:
        full_info["pinned_message"] = chat.messages[chat.pinned[-1]].to_json()
    return chat.to_json() | full_info


@api_method("getChatMember")
def get_chat_member(world: World, params: Json) -> Json:
    """Return somebody's membership in a chat."""
    chat = world.find_chat(params["chat_id"])
    account = world.accounts.get(params["user_id"])
    if account is None:
        raise limits.bad_request("user not found")
    if account is world.bot:
        return chat_member_json(account, chat.bot_status)
    status = "member" if chat.is_private and account.id == chat.id else chat.members.get(account.id, "left")
    return chat_member_json(account, status)


@chat_method("createForumTopic")
def create_forum_topic(world: World, chat: Chat, params: Json) -> Json:
    """Open a topic in a forum."""
    if not chat.is_forum:
        raise limits.bad_request("the chat is not a forum")
    if not chat.bot_is_admin:
        raise limits.bad_request("not enough rights to create a topic")
    _check_topic_name(params["name"])
    message = world.create_topic(chat, world.bot, params["name"], params.get("icon_color", TOPIC_COLOR))
    return {"message_thread_id": message.id, **message.content["forum_topic_created"]}


@chat_method("editForumTopic")
def edit_forum_topic(world: World, chat: Chat, params: Json) -> bool:
    """Rename a topic."""
    topic = _find_topic(chat, params)
    name = params.get("name", chat.topics[topic])
    if chat.topics[topic] == name:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    _check_topic_name(name)
    chat.topics[topic] = name
    return True


@chat_method("deleteForumTopic")
def delete_forum_topic(world: World, chat: Chat, params: Json) -> bool:
    """Delete a topic with all its messages."""
    chat.remove_topic(_find_topic(chat, params))
    return True


def _find_topic(chat: Chat, params: Json) -> int:
    if not chat.is_forum:
        raise limits.bad_request("the chat is not a forum")
    topic: int = params["message_thread_id"]
    if topic not in chat.topics:
        raise limits.bad_request("message thread not found")
    if not chat.bot_is_admin:
        raise limits.bad_request("not enough rights to manage the topic")
    return topic


def _check_topic_name(name: str) -> None:
    if not 1 <= len(name) <= TOPIC_NAME_LIMIT:
        raise limits.LimitError(f"fake Telegram: a topic's name must have 1 to {TOPIC_NAME_LIMIT} characters")
