"""Methods that send, change and remove messages."""

from typing import Any

from bot.sandbox.fake_telegram.methods import sending
from bot.sandbox.fake_telegram.methods.registry import api_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

DELETE_WINDOW = 48 * 3600  # seconds; Bot API, deleteMessage


@api_method("sendMessage")
def send_message(world: World, params: Json) -> Json:
    """Send a text."""
    chat = world.find_writable_chat(params["chat_id"])
    text, entities = limits.parse_message_text(params["text"], params.get("parse_mode"), params.get("entities"))
    return sending.post_bot_message(world, chat, params, sending.text_content(world, text, entities, params))


@api_method("sendContact")
def send_contact(world: World, params: Json) -> Json:
    """Send somebody's phone number."""
    chat = world.find_writable_chat(params["chat_id"])
    names = ("phone_number", "first_name", "last_name", "vcard")
    return sending.post_bot_message(
        world, chat, params, {"contact": {name: params[name] for name in names if name in params}}
    )


@api_method("forwardMessage")
def forward_message(world: World, params: Json) -> Json:
    """Pass a message on with its origin."""
    chat = world.find_writable_chat(params["chat_id"])
    source = sending.find_message(world, params["from_chat_id"], params["message_id"], "forward")
    origin = source.forward_origin or {
        "type": "user",
        "date": source.date,
        "sender_user": source.sender.to_json(),
    }
    details = {"forward_origin": origin, "thread_id": sending.find_target_topic(chat, params)}
    return world.post_message(chat, world.bot, dict(source.content), **details).to_json()


@api_method("copyMessage")
def copy_message(world: World, params: Json) -> Json:
    """Send the content of a message as one's own."""
    chat = world.find_writable_chat(params["chat_id"])
    source = sending.find_message(world, params["from_chat_id"], params["message_id"], "copy")
    content = dict(source.content)
    if (kinds := chat.forbidden.intersection(content)) and chat.bot_status != "administrator":
        raise limits.bad_request(f"not enough rights to send {min(kinds)}s to the chat")
    if "caption" in params and "text" not in content:
        content = {name: value for name, value in content.items() if not name.startswith("caption")}
        content |= sending.caption_content(world, params)
    return {"message_id": sending.post_bot_message(world, chat, params, content)["message_id"]}


@api_method("editMessageText")
def edit_message_text(world: World, params: Json) -> Json | bool:
    """Replace the text of one's own message, and its keyboard."""
    message = sending.find_own_message(world, params)
    text, entities = limits.parse_message_text(
        params.get("text", ""), params.get("parse_mode"), params.get("entities")
    )
    if "text" not in message.content:
        raise limits.bad_request("there is no text in the message to edit")
    return sending.edit_own_message(world, message, sending.text_content(world, text, entities, params), params)


@api_method("editMessageCaption")
def edit_message_caption(world: World, params: Json) -> Json | bool:
    """Replace the text under one's own photo or file, and its keyboard."""
    message = sending.find_own_message(world, params)
    if "text" in message.content:
        raise limits.bad_request("there is no caption in the message to edit")
    content = {name: value for name, value in message.content.items() if not name.startswith("caption")}
    return sending.edit_own_message(world, message, content | sending.caption_content(world, params), params)


@api_method("editMessageReplyMarkup")
def edit_message_reply_markup(world: World, params: Json) -> Json | bool:
    """Replace the keyboard of one's own message."""
    message = sending.find_own_message(world, params)
    return sending.edit_own_message(world, message, message.content, params)


@api_method("deleteMessage")
def delete_message(world: World, params: Json) -> bool:
    """Remove a message: one's own, or a person's in a private chat or as administrator."""
    chat = world.find_writable_chat(params["chat_id"])
    sending.find_message(world, chat.id, params["message_id"], "delete")
    if not _delete_if_allowed(world, chat, params["message_id"]):
        raise limits.bad_request("message can't be deleted")
    return True


@api_method("deleteMessages")
def delete_messages(world: World, params: Json) -> bool:
    """Remove several messages; those that are not there or may not be removed are passed over."""
    chat = world.find_writable_chat(params["chat_id"])
    for message_id in limits.check_message_ids(params["message_ids"]):
        if message_id in chat.messages:
            _delete_if_allowed(world, chat, message_id)
    return True


def _delete_if_allowed(world: World, chat: Chat, message_id: int) -> bool:
    message = chat.messages[message_id]
    is_admin = chat.bot_status == "administrator"
    if message.sender is not world.bot and not chat.is_private and not is_admin:
        return False
    if message.date < objects.unix_now() - DELETE_WINDOW and not is_admin:
        return False
    del chat.messages[message_id]
    chat.pinned = [pinned for pinned in chat.pinned if pinned != message_id]
    return True


@api_method("pinChatMessage")
def pin_chat_message(world: World, params: Json) -> bool:
    """Pin a message to the top of a chat."""
    chat = world.find_writable_chat(params["chat_id"])
    message = sending.find_message(world, chat.id, params["message_id"], "pin")
    if not chat.is_private and chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    if message.id not in chat.pinned:
        chat.pinned.append(message.id)
    return True


@api_method("unpinChatMessage")
def unpin_chat_message(world: World, params: Json) -> bool:
    """Take one message from the top of a chat, the newest pinned where none is named."""
    chat = world.find_writable_chat(params["chat_id"])
    if not chat.is_private and chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    if "message_id" in params:
        sending.find_message(world, chat.id, params["message_id"], "unpin")
        chat.pinned = [pinned for pinned in chat.pinned if pinned != params["message_id"]]
    else:
        del chat.pinned[-1:]
    return True


@api_method("unpinAllChatMessages")
def unpin_all_chat_messages(world: World, params: Json) -> bool:
    """Take everything from the top of a chat."""
    chat = world.find_writable_chat(params["chat_id"])
    if not chat.is_private and chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    chat.pinned.clear()
    return True


@api_method("setMessageReaction")
def set_message_reaction(world: World, params: Json) -> bool:
    """Put an emoji under a message; it is taken and not shown."""
    chat = world.find_writable_chat(params["chat_id"])
    sending.find_message(world, chat.id, params["message_id"], "react")
    return True
