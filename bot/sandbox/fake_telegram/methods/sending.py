"""What the methods that send and change messages have in common."""

from typing import Any

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Chat, Message
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]


def post(world: World, chat: Chat, params: Json, content: Json, **details: Any) -> Json:
    """Put a message of the bot into a chat; what Telegram answers."""
    details |= {
        "thread_id": topic_of(chat, params),
        "reply_to": _replied(world, chat, params.get("reply_parameters")),
        "markup": limits.check_markup(params.get("reply_markup")),
    }
    return world.post(chat, world.bot, content, **details).to_json()


def change(world: World, message: Message, content: Json, params: Json) -> Json | bool:
    """Give a message another content and keyboard; what Telegram answers."""
    markup = limits.check_markup(params.get("reply_markup"))
    if (content, markup) == (message.content, message.markup):
        raise limits.bad_request(limits.NOT_MODIFIED)
    message.content, message.markup = content, markup
    message.edit_date, message.touched = objects.now(), world.touch()
    return True if "inline_message_id" in params else message.to_json()


def text_content(world: World, text: str, entities: list[Json], params: Json) -> Json:
    """The content of a text message."""
    content: Json = {"text": text}
    if known := _with_people(world, entities):
        content["entities"] = known
    if "link_preview_options" in params:
        content["link_preview_options"] = params["link_preview_options"]
    return content


def caption(world: World, params: Json) -> Json:
    """The text under a picture or file, as part of the content."""
    text, entities = limits.caption_text(
        params.get("caption", ""), params.get("parse_mode"), params.get("caption_entities")
    )
    known = _with_people(world, entities)
    return objects.compact(caption=text or None, caption_entities=known or None)


def _with_people(world: World, entities: list[Json]) -> list[Json]:
    """Mentions by id name the person; those of people the bot never met are dropped."""
    known = []
    for entity in entities:
        person = world.accounts.get(entity["user"]["id"]) if "user" in entity else None
        if person or "user" not in entity:
            known.append(entity | ({"user": person.to_json()} if person else {}))
    return known


def message_in(world: World, chat_id: int | str, message_id: int, purpose: str) -> Message:
    """The message that a call is about."""
    message = world.chat(chat_id).messages.get(message_id)
    if message is None:
        raise limits.bad_request(f"message to {purpose} not found")
    return message


def own_message(world: World, params: Json) -> Message:
    """The message of the bot that a call changes."""
    if "inline_message_id" in params:
        return _inline(world, params["inline_message_id"])
    if "chat_id" not in params or "message_id" not in params:
        raise limits.LimitError("message identifier is not specified")
    world.writable(params["chat_id"])
    message = message_in(world, params["chat_id"], params["message_id"], "edit")
    if message.sender is not world.bot or message.forward_origin:
        raise limits.bad_request("message can't be edited")
    return message


def _inline(world: World, inline_id: str) -> Message:
    """A message that a person sent by choosing one of the bot's results."""
    messages = (message for chat in world.chats.values() for message in chat.messages.values())
    found = next((message for message in messages if message.inline_id == inline_id), None)
    if found is None:
        raise limits.bad_request("MESSAGE_ID_INVALID")
    return found


def _replied(world: World, chat: Chat, reply: Json | None) -> Message | None:
    if reply is None:
        return None
    source = world.chat(reply["chat_id"]) if "chat_id" in reply else chat
    message = source.messages.get(reply["message_id"])
    if message is None and not reply.get("allow_sending_without_reply"):
        raise limits.bad_request("message to be replied not found")
    return message if source is chat else None


def topic_of(chat: Chat, params: Json) -> int | None:
    """The topic that a call sends into."""
    thread: int | None = params.get("message_thread_id")
    if thread is not None and thread not in chat.topics:
        raise limits.bad_request("message thread not found")
    if thread in chat.closed and chat.bot_status != "administrator":
        raise limits.bad_request("TOPIC_CLOSED")
    return thread
