"""Methods about the topics of a forum."""

from typing import Any

from bot.sandbox.fake_telegram.methods.registry import api_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

TOPIC_COLOR = 0x6FB9F0
TOPIC_NAME_LIMIT = 128


@api_method("createForumTopic")
def create_forum_topic(world: World, params: Json) -> Json:
    """Open a topic in a forum; its id is that of the service message it starts with."""
    chat = world.find_writable_chat(params["chat_id"])
    if not chat.is_forum:
        raise limits.bad_request("the chat is not a forum")
    if chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to create a topic")
    _check_topic_name(params["name"])
    topic = {"name": params["name"], "icon_color": params.get("icon_color", TOPIC_COLOR)}
    message = world.post_message(chat, world.bot, {"forum_topic_created": topic})
    message.thread_id = message.id
    chat.topics[message.id] = params["name"]
    return {"message_thread_id": message.id, **topic}


@api_method("editForumTopic")
def edit_forum_topic(world: World, params: Json) -> bool:
    """Rename a topic."""
    chat, thread_id = _find_topic(world, params)
    name = params.get("name", chat.topics[thread_id])
    if chat.topics[thread_id] == name:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    _check_topic_name(name)
    chat.topics[thread_id] = name
    return True


@api_method("closeForumTopic")
def close_forum_topic(world: World, params: Json) -> bool:
    """Let only administrators write in a topic from now on."""
    chat, thread_id = _find_topic(world, params)
    if thread_id in chat.closed:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    chat.closed.add(thread_id)
    world.post_message(chat, world.bot, {"forum_topic_closed": {}}, thread_id=thread_id)
    return True


@api_method("reopenForumTopic")
def reopen_forum_topic(world: World, params: Json) -> bool:
    """Let everybody write in a topic again."""
    chat, thread_id = _find_topic(world, params)
    if thread_id not in chat.closed:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    chat.closed.remove(thread_id)
    world.post_message(chat, world.bot, {"forum_topic_reopened": {}}, thread_id=thread_id)
    return True


@api_method("deleteForumTopic")
def delete_forum_topic(world: World, params: Json) -> bool:
    """Remove a topic with all that is in it."""
    chat, thread_id = _find_topic(world, params)
    chat.remove_topic(thread_id)
    return True


@api_method("unpinAllForumTopicMessages")
def unpin_all_forum_topic_messages(world: World, params: Json) -> bool:
    """Take everything from the top of a topic."""
    chat, thread_id = _find_topic(world, params)
    chat.pinned = [pinned for pinned in chat.pinned if chat.messages[pinned].thread_id != thread_id]
    return True


def _find_topic(world: World, params: Json) -> tuple[Chat, int]:
    chat = world.find_writable_chat(params["chat_id"])
    if not chat.is_forum:
        raise limits.bad_request("the chat is not a forum")
    thread_id: int = params["message_thread_id"]
    if thread_id not in chat.topics:
        raise limits.bad_request("message thread not found")
    if chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage the topic")
    return chat, thread_id


def _check_topic_name(name: str) -> None:
    if not 1 <= len(name) <= TOPIC_NAME_LIMIT:
        raise limits.LimitError(f"stand-in: a topic's name must have 1 to {TOPIC_NAME_LIMIT} characters")
