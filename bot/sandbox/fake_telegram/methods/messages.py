"""Methods that send, edit and delete messages."""

from bot.sandbox.fake_telegram.methods import sending
from bot.sandbox.fake_telegram.methods.registry import api_method, chat_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

REACTION_KIND = "reaction"  # among the kinds that a group forbids
COPIES_LIMIT = 100  # Bot API, copyMessages
DELETE_WINDOW = 48 * 3600  # seconds; Bot API, deleteMessage


@chat_method("sendMessage")
def send_message(world: World, chat: Chat, params: Json) -> Json:
    """Send a text."""
    text, entities = limits.parse_message_text(params["text"], params.get("parse_mode"), params.get("entities"))
    return sending.post_bot_message(world, chat, params, sending.text_content(world, text, entities, params))


@chat_method("sendContact")
def send_contact(world: World, chat: Chat, params: Json) -> Json:
    """Send a contact."""
    names = ("phone_number", "first_name", "last_name", "vcard")
    return sending.post_bot_message(
        world, chat, params, {"contact": {name: params[name] for name in names if name in params}}
    )


@chat_method("copyMessage")
def copy_message(world: World, chat: Chat, params: Json) -> Json:
    """Send a copy of a message, optionally with another caption."""
    source = sending.find_message(world, params["from_chat_id"], params["message_id"], "copy")
    content = dict(source.content)
    if (kinds := chat.forbidden.intersection(content)) and not chat.bot_is_admin:
        raise limits.bad_request(f"not enough rights to send {min(kinds)}s to the chat")
    if "caption" in params and "text" not in content:
        content = {name: value for name, value in content.items() if not name.startswith("caption")}
        content |= sending.caption_content(world, params)
    return {"message_id": sending.post_bot_message(world, chat, params, content)["message_id"]}


@chat_method("copyMessages")
def copy_messages(world: World, chat: Chat, params: Json) -> list[Json]:
    """Send copies of several messages; albums stay albums, and messages that are gone are skipped."""
    ids: list[int] = params["message_ids"]
    if not 1 <= len(ids) <= COPIES_LIMIT or ids != sorted(set(ids)):
        raise limits.bad_request("message identifiers must be in a strictly increasing order")
    originals = world.find_chat(params["from_chat_id"]).messages
    albums: dict[str, str] = {}
    copies = []
    for source in (originals[message_id] for message_id in ids if message_id in originals):
        if (kinds := chat.forbidden.intersection(source.content)) and not chat.bot_is_admin:
            raise limits.bad_request(f"not enough rights to send {min(kinds)}s to the chat")
        album = source.media_group_id
        album_id = albums.setdefault(album, f"copied-{world.next_change_number()}") if album else None
        copy = sending.post_bot_message(world, chat, params, dict(source.content), album_id)
        copies.append({"message_id": copy["message_id"]})
    if not copies:
        raise limits.bad_request("message to copy not found")
    return copies


@api_method("editMessageText")
def edit_message_text(world: World, params: Json) -> Json | bool:
    """Replace text and keyboard of a message of the bot."""
    message = sending.find_own_message(world, params)
    text, entities = limits.parse_message_text(
        params.get("text", ""), params.get("parse_mode"), params.get("entities")
    )
    if "text" not in message.content:
        raise limits.bad_request("there is no text in the message to edit")
    return sending.edit_own_message(world, message, sending.text_content(world, text, entities, params), params)


@api_method("editMessageCaption")
def edit_message_caption(world: World, params: Json) -> Json | bool:
    """Replace caption and keyboard of a photo or file of the bot."""
    message = sending.find_own_message(world, params)
    if "text" in message.content:
        raise limits.bad_request("there is no caption in the message to edit")
    content = {name: value for name, value in message.content.items() if not name.startswith("caption")}
    return sending.edit_own_message(world, message, content | sending.caption_content(world, params), params)


@api_method("editMessageReplyMarkup")
def edit_message_reply_markup(world: World, params: Json) -> Json | bool:
    """Replace the keyboard of a message of the bot; the message does not count as edited."""
    message = sending.find_own_message(world, params)
    edit_date = message.edit_date
    edited = sending.edit_own_message(world, message, message.content, params)
    message.edit_date = edit_date
    return edited if edited is True else message.to_json()


@chat_method("deleteMessage")
def delete_message(world: World, chat: Chat, params: Json) -> bool:
    """Delete a message: the bot's own, or a person's in a private chat or as administrator."""
    message = sending.find_message(world, chat.id, params["message_id"], "delete")
    is_foreign = message.sender is not world.bot and not chat.is_private
    is_old = message.date < world.unix_now() - DELETE_WINDOW
    if (is_foreign or is_old) and not chat.bot_is_admin:
        raise limits.bad_request("message can't be deleted")
    del chat.messages[message.id]
    chat.pinned = [pinned for pinned in chat.pinned if pinned != message.id]
    return True


@chat_method("pinChatMessage")
def pin_chat_message(world: World, chat: Chat, params: Json) -> bool:
    """Pin a message to the top of a chat."""
    message = sending.find_message(world, chat.id, params["message_id"], "pin")
    if not chat.is_private and not chat.bot_is_admin:
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    if message.id not in chat.pinned:
        chat.pinned.append(message.id)
    return True


@chat_method("setMessageReaction")
def set_message_reaction(world: World, chat: Chat, params: Json) -> bool:
    """Set or remove the bot's reaction to a message; that of an album stands at its first message."""
    message = sending.find_message(world, chat.id, params["message_id"], "react")
    reaction = limits.check_reaction(params.get("reaction", []))
    if REACTION_KIND in chat.forbidden:
        raise limits.bad_request("REACTION_INVALID")
    if "forum_topic_created" in message.content or "migrate_to_chat_id" in message.content:
        raise limits.bad_request("fake Telegram: a service message cannot be reacted to")
    album = message.media_group_id
    others = (other for other in chat.messages.values() if album and other.media_group_id == album)
    next(others, message).reaction = reaction
    return True
