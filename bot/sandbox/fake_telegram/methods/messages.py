"""Methods that send, change and remove messages."""

from typing import Any

from bot.sandbox.fake_telegram.methods import sending
from bot.sandbox.fake_telegram.methods.registry import plays
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

DELETABLE = 48 * 3600  # seconds; Bot API, deleteMessage


@plays("sendMessage")
def send_message(world: World, params: Json) -> Json:
    """Send a text."""
    chat = world.writable(params["chat_id"])
    text, entities = limits.message_text(params["text"], params.get("parse_mode"), params.get("entities"))
    return sending.post(world, chat, params, sending.text_content(world, text, entities, params))


@plays("sendContact")
def send_contact(world: World, params: Json) -> Json:
    """Send somebody's phone number."""
    chat = world.writable(params["chat_id"])
    names = ("phone_number", "first_name", "last_name", "vcard")
    return sending.post(world, chat, params, {"contact": {name: params[name] for name in names if name in params}})


@plays("forwardMessage")
def forward_message(world: World, params: Json) -> Json:
    """Pass a message on with its origin."""
    chat = world.writable(params["chat_id"])
    source = sending.message_in(world, params["from_chat_id"], params["message_id"], "forward")
    origin = source.forward_origin or {
        "type": "user",
        "date": source.date,
        "sender_user": source.sender.to_json(),
    }
    details = {"forward_origin": origin, "thread_id": sending.topic_of(chat, params)}
    return world.post(chat, world.bot, dict(source.content), **details).to_json()


@plays("copyMessage")
def copy_message(world: World, params: Json) -> Json:
    """Send the content of a message as one's own."""
    chat = world.writable(params["chat_id"])
    source = sending.message_in(world, params["from_chat_id"], params["message_id"], "copy")
    content = dict(source.content)
    if (kinds := chat.forbidden.intersection(content)) and chat.bot_status != "administrator":
        raise limits.bad_request(f"not enough rights to send {min(kinds)}s to the chat")
    if "caption" in params and "text" not in content:
        content = {name: value for name, value in content.items() if not name.startswith("caption")}
        content |= sending.caption(world, params)
    return {"message_id": sending.post(world, chat, params, content)["message_id"]}


@plays("editMessageText")
def edit_message_text(world: World, params: Json) -> Json | bool:
    """Replace the text of one's own message, and its keyboard."""
    message = sending.own_message(world, params)
    text, entities = limits.message_text(params.get("text", ""), params.get("parse_mode"), params.get("entities"))
    if "text" not in message.content:
        raise limits.bad_request("there is no text in the message to edit")
    return sending.change(world, message, sending.text_content(world, text, entities, params), params)


@plays("editMessageCaption")
def edit_message_caption(world: World, params: Json) -> Json | bool:
    """Replace the text under one's own photo or file, and its keyboard."""
    message = sending.own_message(world, params)
    if "text" in message.content:
        raise limits.bad_request("there is no caption in the message to edit")
    content = {name: value for name, value in message.content.items() if not name.startswith("caption")}
    return sending.change(world, message, content | sending.caption(world, params), params)


@plays("editMessageReplyMarkup")
def edit_message_reply_markup(world: World, params: Json) -> Json | bool:
    """Replace the keyboard of one's own message."""
    message = sending.own_message(world, params)
    return sending.change(world, message, message.content, params)


@plays("deleteMessage")
def delete_message(world: World, params: Json) -> bool:
    """Remove a message: one's own, or a person's in a private chat or as administrator."""
    chat = world.writable(params["chat_id"])
    sending.message_in(world, chat.id, params["message_id"], "delete")
    if not _delete(world, chat, params["message_id"]):
        raise limits.bad_request("message can't be deleted")
    return True


@plays("deleteMessages")
def delete_messages(world: World, params: Json) -> bool:
    """Remove several messages; those that are not there or may not be removed are passed over."""
    chat = world.writable(params["chat_id"])
    for message_id in limits.check_ids(params["message_ids"]):
        if message_id in chat.messages:
            _delete(world, chat, message_id)
    return True


def _delete(world: World, chat: Chat, message_id: int) -> bool:
    message = chat.messages[message_id]
    admin = chat.bot_status == "administrator"
    if message.sender is not world.bot and not chat.private and not admin:
        return False
    if message.date < objects.now() - DELETABLE and not admin:
        return False
    del chat.messages[message_id]
    chat.pinned = [pinned for pinned in chat.pinned if pinned != message_id]
    return True


@plays("pinChatMessage")
def pin_chat_message(world: World, params: Json) -> bool:
    """Pin a message to the top of a chat."""
    chat = world.writable(params["chat_id"])
    message = sending.message_in(world, chat.id, params["message_id"], "pin")
    if not chat.private and chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    if message.id not in chat.pinned:
        chat.pinned.append(message.id)
    return True


@plays("unpinChatMessage")
def unpin_chat_message(world: World, params: Json) -> bool:
    """Take one message from the top of a chat, the newest pinned where none is named."""
    chat = world.writable(params["chat_id"])
    if not chat.private and chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    if "message_id" in params:
        sending.message_in(world, chat.id, params["message_id"], "unpin")
        chat.pinned = [pinned for pinned in chat.pinned if pinned != params["message_id"]]
    else:
        del chat.pinned[-1:]
    return True


@plays("unpinAllChatMessages")
def unpin_all_chat_messages(world: World, params: Json) -> bool:
    """Take everything from the top of a chat."""
    chat = world.writable(params["chat_id"])
    if not chat.private and chat.bot_status != "administrator":
        raise limits.bad_request("not enough rights to manage pinned messages in the chat")
    chat.pinned.clear()
    return True


@plays("setMessageReaction")
def set_message_reaction(world: World, params: Json) -> bool:
    """Put an emoji under a message; it is taken and not shown."""
    chat = world.writable(params["chat_id"])
    sending.message_in(world, chat.id, params["message_id"], "react")
    return True
