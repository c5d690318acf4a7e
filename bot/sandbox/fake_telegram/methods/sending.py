"""Shared by the methods that send and edit messages."""

from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Chat, Message
from bot.sandbox.fake_telegram.world.world import World


def post_bot_message(
    world: World, chat: Chat, params: Json, content: Json, media_group_id: str | None = None
) -> Json:
    """Post a message of the bot in a chat; return its Message object."""
    details: Json = {
        "media_group_id": media_group_id,
        "thread_id": _find_target_topic(chat, params),
        "reply_to": _find_reply_target(world, chat, params.get("reply_parameters")),
        "markup": limits.check_reply_markup(params.get("reply_markup")),
    }
    return world.post_message(chat, world.bot, content, **details).to_json()


def edit_own_message(world: World, message: Message, content: Json, params: Json) -> Json | bool:
    """Replace content and keyboard of a message; return its Message object, or True for an inline message."""
    markup = limits.check_reply_markup(params.get("reply_markup"))
    if (content, markup) == (message.content, message.markup):
        raise limits.bad_request(limits.NOT_MODIFIED)
    message.markup = markup
    world.edit_message(message, content)
    return True if "inline_message_id" in params else message.to_json()


def text_content(world: World, text: str, entities: list[Json], params: Json) -> Json:
    """Return the content of a text message."""
    content: Json = {"text": text}
    if resolved := _resolve_mentions(world, entities):
        content["entities"] = resolved
    if "link_preview_options" in params:
        content["link_preview_options"] = params["link_preview_options"]
    return content


def caption_content(world: World, params: Json) -> Json:
    """Return the caption of a photo or file as part of its content."""
    text, entities = limits.parse_caption(
        params.get("caption", ""), params.get("parse_mode"), params.get("caption_entities")
    )
    resolved = _resolve_mentions(world, entities)
    return objects.omit_none(caption=text or None, caption_entities=resolved or None)


def _resolve_mentions(world: World, entities: list[Json]) -> list[Json]:
    """Complete mentions by user id; drop those of people the bot has never met."""
    resolved = []
    for entity in entities:
        person = world.accounts.get(entity["user"]["id"]) if "user" in entity else None
        if person or "user" not in entity:
            resolved.append(entity | ({"user": person.to_json()} if person else {}))
    return resolved


def find_message(world: World, chat_id: int | str, message_id: int, action: str) -> Message:
    """Return the message a call refers to; raises ApiError if there is none."""
    message = world.find_chat(chat_id).messages.get(message_id)
    if message is None:
        raise limits.bad_request(f"message to {action} not found")
    return message


def find_own_message(world: World, params: Json) -> Message:
    """Return the bot's own message that a call edits; raises ApiError if it cannot be edited."""
    if "inline_message_id" in params:
        return _find_inline_message(world, params["inline_message_id"])
    if "chat_id" not in params or "message_id" not in params:
        raise limits.LimitError("message identifier is not specified")
    world.find_writable_chat(params["chat_id"])
    message = find_message(world, params["chat_id"], params["message_id"], "edit")
    if message.sender is not world.bot:
        raise limits.bad_request("message can't be edited")
    return message


def _find_inline_message(world: World, inline_id: str) -> Message:
    """Return a message that a person sent by choosing one of the bot's results."""
    messages = (message for chat in world.chats.values() for message in chat.messages.values())
    inline_message = next((message for message in messages if message.inline_id == inline_id), None)
    if inline_message is None:
        raise limits.bad_request("MESSAGE_ID_INVALID")
    return inline_message


def _find_reply_target(world: World, chat: Chat, reply_parameters: Json | None) -> Message | None:
    if reply_parameters is None:
        return None
    source_chat = world.find_chat(reply_parameters["chat_id"]) if "chat_id" in reply_parameters else chat
    message = source_chat.messages.get(reply_parameters["message_id"])
    if message is None and not reply_parameters.get("allow_sending_without_reply"):
        raise limits.bad_request("message to be replied not found")
    return message if source_chat is chat else None


def _find_target_topic(chat: Chat, params: Json) -> int | None:
    thread_id: int | None = params.get("message_thread_id")
    if thread_id is not None and thread_id not in chat.topics:
        raise limits.bad_request("message thread not found")
    return thread_id
