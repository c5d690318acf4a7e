"""Methods that send, change and remove messages."""

from typing import Any

from bot.sandbox.standin import model, rules
from bot.sandbox.standin.methods import plays
from bot.sandbox.standin.model import Chat, Message
from bot.sandbox.standin.validate import Upload
from bot.sandbox.standin.world import World

Json = dict[str, Any]


@plays("sendMessage")
def send_message(world: World, params: Json) -> Json:
    """Send a text."""
    chat = world.writable(params["chat_id"])
    text, entities = rules.message_text(params["text"], params.get("parse_mode"), params.get("entities"))
    return _send(world, chat, params, _text_content(world, text, entities, params))


@plays("sendContact")
def send_contact(world: World, params: Json) -> Json:
    """Send somebody's phone number."""
    chat = world.writable(params["chat_id"])
    names = ("phone_number", "first_name", "last_name", "vcard")
    return _send(world, chat, params, {"contact": {name: params[name] for name in names if name in params}})


@plays("sendPhoto")
def send_photo(world: World, params: Json) -> Json:
    """Send a picture."""
    chat = world.writable(params["chat_id"])
    photo = _file(world, params["photo"]) | {"width": 640, "height": 480}
    return _send(world, chat, params, {"photo": [photo]} | _caption(world, params))


@plays("sendDocument")
def send_document(world: World, params: Json) -> Json:
    """Send a file."""
    chat = world.writable(params["chat_id"])
    document = _file(world, params["document"])
    if isinstance(params["document"], Upload):
        document["file_name"] = params["document"].filename
    return _send(world, chat, params, {"document": document} | _caption(world, params))


@plays("forwardMessage")
def forward_message(world: World, params: Json) -> Json:
    """Pass a message on with its origin."""
    chat = world.writable(params["chat_id"])
    source = _message(world, params["from_chat_id"], params["message_id"], "forward")
    origin = source.forward_origin or {
        "type": "user",
        "date": source.date,
        "sender_user": source.sender.to_json(),
    }
    details = {"forward_origin": origin, "thread_id": _topic(chat, params)}
    return world.post(chat, world.bot, dict(source.content), **details).to_json()


@plays("copyMessage")
def copy_message(world: World, params: Json) -> Json:
    """Send the content of a message as one's own."""
    chat = world.writable(params["chat_id"])
    source = _message(world, params["from_chat_id"], params["message_id"], "copy")
    content = dict(source.content)
    if "caption" in params and "text" not in content:
        content = {name: value for name, value in content.items() if not name.startswith("caption")}
        content |= _caption(world, params)
    return {"message_id": _send(world, chat, params, content)["message_id"]}


@plays("editMessageText")
def edit_message_text(world: World, params: Json) -> Json:
    """Replace the text of one's own message, and its keyboard."""
    message = _own(world, params)
    text, entities = rules.message_text(params.get("text", ""), params.get("parse_mode"), params.get("entities"))
    if "text" not in message.content:
        raise rules.bad_request("there is no text in the message to edit")
    return _edit(world, message, _text_content(world, text, entities, params), params)


@plays("editMessageCaption")
def edit_message_caption(world: World, params: Json) -> Json:
    """Replace the text under one's own photo or file, and its keyboard."""
    message = _own(world, params)
    if "text" in message.content:
        raise rules.bad_request("there is no caption in the message to edit")
    content = {name: value for name, value in message.content.items() if not name.startswith("caption")}
    return _edit(world, message, content | _caption(world, params), params)


@plays("editMessageReplyMarkup")
def edit_message_reply_markup(world: World, params: Json) -> Json:
    """Replace the keyboard of one's own message."""
    message = _own(world, params)
    return _edit(world, message, message.content, params)


@plays("deleteMessage")
def delete_message(world: World, params: Json) -> bool:
    """Remove a message: one's own, or a person's in a private chat or as administrator."""
    chat = world.writable(params["chat_id"])
    message = _message(world, chat.id, params["message_id"], "delete")
    if message.sender is not world.bot and not chat.private and chat.bot_status != "administrator":
        raise rules.bad_request("message can't be deleted")
    del chat.messages[message.id]
    chat.pinned = [pinned for pinned in chat.pinned if pinned != message.id]
    return True


@plays("pinChatMessage")
def pin_chat_message(world: World, params: Json) -> bool:
    """Pin a message to the top of a chat."""
    chat = world.writable(params["chat_id"])
    message = _message(world, chat.id, params["message_id"], "pin")
    if not chat.private and chat.bot_status != "administrator":
        raise rules.bad_request("not enough rights to manage pinned messages in the chat")
    if message.id not in chat.pinned:
        chat.pinned.append(message.id)
    return True


def _send(world: World, chat: Chat, params: Json, content: Json) -> Json:
    details = {
        "thread_id": _topic(chat, params),
        "reply_to": _replied(world, chat, params.get("reply_parameters")),
        "markup": rules.check_markup(params.get("reply_markup")),
    }
    return world.post(chat, world.bot, content, **details).to_json()


def _edit(world: World, message: Message, content: Json, params: Json) -> Json:
    markup = rules.check_markup(params.get("reply_markup"))
    if (content, markup) == (message.content, message.markup):
        raise rules.bad_request(rules.NOT_MODIFIED)
    message.content, message.markup = content, markup
    message.edit_date, message.touched = model.now(), world.touch()
    return message.to_json()


def _text_content(world: World, text: str, entities: list[Json], params: Json) -> Json:
    content: Json = {"text": text}
    if known := _with_people(world, entities):
        content["entities"] = known
    if "link_preview_options" in params:
        content["link_preview_options"] = params["link_preview_options"]
    return content


def _caption(world: World, params: Json) -> Json:
    text, entities = rules.caption_text(
        params.get("caption", ""), params.get("parse_mode"), params.get("caption_entities")
    )
    known = _with_people(world, entities)
    return model.compact(caption=text or None, caption_entities=known or None)


def _with_people(world: World, entities: list[Json]) -> list[Json]:
    """Mentions by id name the person; those of people the bot never met are dropped."""
    known = []
    for entity in entities:
        person = world.accounts.get(entity["user"]["id"]) if "user" in entity else None
        if person or "user" not in entity:
            known.append(entity | ({"user": person.to_json()} if person else {}))
    return known


def _file(world: World, given: str | Upload) -> Json:
    if isinstance(given, Upload):
        return world.new_file() | {"file_size": given.size}
    if given in world.files:
        return {"file_id": given, "file_unique_id": given.replace("standin-file-", "standin-")}
    if given.startswith(("http://", "https://")):
        return world.new_file()
    raise rules.bad_request("wrong file identifier/HTTP URL specified")


def _message(world: World, chat_id: int | str, message_id: int, purpose: str) -> Message:
    message = world.chat(chat_id).messages.get(message_id)
    if message is None:
        raise rules.bad_request(f"message to {purpose} not found")
    return message


def _own(world: World, params: Json) -> Message:
    if "chat_id" not in params or "message_id" not in params:
        raise rules.LimitError("message identifier is not specified")
    world.writable(params["chat_id"])
    message = _message(world, params["chat_id"], params["message_id"], "edit")
    if message.sender is not world.bot or message.forward_origin:
        raise rules.bad_request("message can't be edited")
    return message


def _replied(world: World, chat: Chat, reply: Json | None) -> Message | None:
    if reply is None:
        return None
    source = world.chat(reply["chat_id"]) if "chat_id" in reply else chat
    message = source.messages.get(reply["message_id"])
    if message is None and not reply.get("allow_sending_without_reply"):
        raise rules.bad_request("message to be replied not found")
    return message if source is chat else None


def _topic(chat: Chat, params: Json) -> int | None:
    thread: int | None = params.get("message_thread_id")
    if thread is not None and thread not in chat.topics:
        raise rules.bad_request("message thread not found")
    return thread
