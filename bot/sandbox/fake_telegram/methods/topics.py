"""Methods about the topics of a forum."""

from typing import Any

from bot.sandbox.fake_telegram.methods.registry import plays
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

TOPIC_COLOR = 0x6FB9F0
NAME_LIMIT = 128


@plays("createForumTopic")
def create_forum_topic(world: World, params: Json) -> Json:
    """Open a topic in a forum; its id is that of the service message it starts with."""
    chat = world.writable(params["chat_id"])
    if not chat.is_forum:
        raise limits.bad_request("the chat is not a forum")
    if chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to create a topic")
    _check_name(params["name"])
    topic = {"name": params["name"], "icon_color": params.get("icon_color", TOPIC_COLOR)}
    message = world.post(chat, world.bot, {"forum_topic_created": topic})
    message.thread_id = message.id
    chat.topics[message.id] = params["name"]
    return {"message_thread_id": message.id, **topic}


@plays("editForumTopic")
def edit_forum_topic(world: World, params: Json) -> bool:
    """Rename a topic."""
    chat, thread = _topic(world, params)
    name = params.get("name", chat.topics[thread])
    if chat.topics[thread] == name:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    _check_name(name)
    chat.topics[thread] = name
    return True


@plays("closeForumTopic")
def close_forum_topic(world: World, params: Json) -> bool:
    """Let only administrators write in a topic from now on."""
    chat, thread = _topic(world, params)
    if thread in chat.closed:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    chat.closed.add(thread)
    world.post(chat, world.bot, {"forum_topic_closed": {}}, thread_id=thread)
    return True


@plays("reopenForumTopic")
def reopen_forum_topic(world: World, params: Json) -> bool:
    """Let everybody write in a topic again."""
    chat, thread = _topic(world, params)
    if thread not in chat.closed:
        raise limits.bad_request("TOPIC_NOT_MODIFIED")
    chat.closed.remove(thread)
    world.post(chat, world.bot, {"forum_topic_reopened": {}}, thread_id=thread)
    return True


@plays("deleteForumTopic")
def delete_forum_topic(world: World, params: Json) -> bool:
    """Remove a topic with all that is in it."""
    chat, thread = _topic(world, params)
    chat.remove_topic(thread)
    return True


@plays("unpinAllForumTopicMessages")
def unpin_all_forum_topic_messages(world: World, params: Json) -> bool:
    """Take everything from the top of a topic."""
    chat, thread = _topic(world, params)
    chat.pinned = [pinned for pinned in chat.pinned if chat.messages[pinned].thread_id != thread]
    return True


def _topic(world: World, params: Json) -> tuple[Chat, int]:
    chat = world.writable(params["chat_id"])
    if not chat.is_forum:
        raise limits.bad_request("the chat is not a forum")
    thread: int = params["message_thread_id"]
    if thread not in chat.topics:
        raise limits.bad_request("message thread not found")
    if chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage the topic")
    return chat, thread


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_LIMIT:
        raise limits.LimitError(f"stand-in: a topic's name must have 1 to {NAME_LIMIT} characters")
