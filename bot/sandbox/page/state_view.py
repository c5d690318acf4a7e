"""Everything the page draws, as one JSON object; README.md in this folder describes it."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.command_menu import menu, profile_text
from bot.sandbox.fake_telegram.world.objects import Chat, Message
from bot.sandbox.fake_telegram.world.world import World
from bot.sandbox.page import media_types
from bot.sandbox.page.call_log import log
from bot.sandbox.simulation.stage import Stage

Json = dict[str, Any]

TYPING = 5.0  # seconds for which Telegram shows "typing"
TOASTS = 20
MEDIA = ("photo", "voice", "sticker", "animation", "document", "audio", "video")
SERVICES = {
    "forum_topic_created": "Thema eröffnet: {name}",
    "forum_topic_closed": "Thema geschlossen",
    "forum_topic_reopened": "Thema wieder geöffnet",
    "new_chat_members": "Der Bot ist jetzt dabei",
}


def draw(stage: Stage) -> Json:
    """The state as it is now."""
    world, shown = stage.world, stage.shown
    with world.condition:
        return {
            "revision": stage.revision,
            "bot": {
                "name": profile_text(world, "name"),
                "username": world.bot.username,
                "ready": stage.ready(),
                "clock": round(stage.ahead / 3600, 2),
            },
            "people": [_person(stage, person, role) for person, role in stage.roles.items()],
            "chats": [_chat(world, world.chats[person]) for person in (*stage.roles, stage.group)],
            "toasts": list(_toasts(world))[-TOASTS:],
            "mails": [asdict(mail) for mail in shown.mails],
            "log": log(world),
            "answers": [_answer(asdict(answer)) for answer in shown.answers],
            "knowledge": asdict(shown.reading),
            "story": asdict(shown.scene) if shown.scene else None,
        }


def _person(stage: Stage, person: int, role: str) -> Json:
    account = stage.world.accounts[person]
    return {
        "id": person,
        "name": account.full_name,
        "role": role,
        "lang": account.language_code,
        "blocked": stage.world.chats[person].bot_status == "kicked",
    }


def _chat(world: World, chat: Chat) -> Json:
    return {
        "id": chat.id,
        "title": chat.title or profile_text(world, "name", chat.person),
        "kind": "private" if chat.private else "group",
        "person": chat.person.id if chat.person else None,
        "members": list(chat.members),
        "typing": time.time() - chat.typing_since < TYPING,
        "commands": menu(world, chat, chat.person),
        "topics": [
            {"id": topic, "name": name, "closed": topic in chat.closed} for topic, name in chat.topics.items()
        ],
        "pinned": list(chat.pinned),
        "messages": [_message(world, message) for message in chat.messages.values()],
    }


def _message(world: World, message: Message) -> Json:
    text, entities = objects.written(message.content)
    rows = (message.markup or {}).get("inline_keyboard", [])
    return {
        "id": message.id,
        "from": message.sender.id,
        "own_bot": message.sender is world.bot,
        "via": message.via_bot.username if message.via_bot else None,
        "date": message.date,
        "edited": message.edit_date is not None,
        "topic": message.thread_id,
        "reply_to": message.reply_to.id if message.reply_to else None,
        "text": text,
        "entities": [_entity(entity) for entity in entities],
        "media": _media(world, message.content),
        "contact": _contact(message.content.get("contact")),
        "location": message.content.get("location"),
        "service": _service(message.content),
        "buttons": [[_button(button) for button in row] for row in rows],
    }


def _entity(entity: Json) -> Json:
    return {name: entity.get(name) for name in ("type", "offset", "length", "url")}


def _button(button: Json) -> Json:
    return {"text": button["text"], "data": button.get("callback_data"), "url": button.get("url")}


def _media(world: World, content: Json) -> Json | None:
    kind = next((kind for kind in MEDIA if kind in content), None)
    if kind is None:
        return None
    item = content["photo"][-1] if kind == "photo" else content[kind]
    file = world.files.by_id[item["file_id"]]
    return {
        "kind": kind,
        "file": file.id,
        "name": item.get("file_name") or item.get("emoji"),
        "size": len(file.content),
        "mime": media_types.mime(file.content) or item.get("mime_type"),
        "duration": item.get("duration"),
    }


def _contact(contact: Json | None) -> Json | None:
    if contact is None:
        return None
    name = " ".join(filter(None, (contact["first_name"], contact.get("last_name"))))
    return {"name": name, "phone": contact["phone_number"]}


def _service(content: Json) -> str | None:
    kind = next((kind for kind in SERVICES if kind in content), None)
    if kind is None:
        return None
    values = content[kind] if isinstance(content[kind], dict) else {}
    return SERVICES[kind].format_map(values)


def _toasts(world: World) -> Iterator[Json]:
    for query in world.queries.values():
        if query.answer and query.answer.get("text"):
            alert = bool(query.answer.get("show_alert"))
            yield {"id": query.id, "person": query.person.id, "text": query.answer["text"], "alert": alert}


def _answer(answer: Json) -> Json:
    entries = [{"entry": entry, "score": round(score, 3)} for entry, score in answer["entries"]]
    rounded = {"confidence": round(answer["confidence"], 4), "ms": round(answer["ms"], 1)}
    return answer | rounded | {"entries": entries}
