"""Everything the page draws as one JSON object, described in README.md one folder up."""

import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import asdict

from bot.sandbox.fake_telegram.rules.images import detect_image_type
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Chat, Message
from bot.sandbox.fake_telegram.world.world import World
from bot.sandbox.page.call_log import list_calls
from bot.sandbox.simulation.actions import FAULT_KINDS
from bot.sandbox.simulation.state import AnswerRecord, SimulationState
from knowledge.errors import Problem

FAULT_NAMES = {kind: name for name, kind in FAULT_KINDS.items()}
TYPING_DURATION = 5.0  # seconds that Telegram shows "typing"
MAX_TOASTS = 20
SAFE_SIGNATURES = (
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
)
TEXT_SAMPLE = 2048  # bytes that are looked at to recognise a text
MEDIA_KINDS = ("photo", "voice", "sticker", "animation", "document", "audio", "video")
SERVICE_KINDS = ("forum_topic_created", "new_chat_members")


def build_state_view(simulation: SimulationState) -> Json:
    """Return the current state."""
    world, panel = simulation.world, simulation.panel
    with world.condition:
        return {
            "revision": simulation.revision,
            "started": simulation.started,
            "bot": {
                "name": world.profile.visible_text("name"),
                "username": world.bot.username,
                "ready": simulation.is_bot_ready(),
                "clock": round(simulation.clock_offset / 3600, 2),
            },
            "people": [_person_view(simulation, person, role) for person, role in simulation.roles.items()],
            "chats": [
                _chat_view(world, world.chats[person]) for person in (*simulation.roles, simulation.adviser_chat_id)
            ],
            "toasts": list(_toast_views(world))[-MAX_TOASTS:],
            "mails": [asdict(mail) for mail in panel.mails],
            "log": list_calls(world),
            "answers": [_answer_view(simulation, answer) for answer in panel.answers],
            "knowledge": asdict(panel.knowledge_status)
            | {"problems": [_problem_view(problem) for problem in panel.knowledge_status.problems]},
            "story": asdict(panel.story_step) if panel.story_step else None,
            "faults": [
                {
                    "kind": FAULT_NAMES.get(fault.kind, fault.kind.name),
                    "method": fault.method,
                    "times": fault.remaining,
                }
                for fault in simulation.fake_telegram.pending_faults()
            ],
            "undo": panel.undo_time,
        }


def _person_view(simulation: SimulationState, person: int, role: str) -> Json:
    account = simulation.world.accounts[person]
    return {
        "id": person,
        "name": account.full_name,
        "role": role,
        "added": person not in simulation.personas.values(),
        "lang": account.language_code,
        "blocked": simulation.world.chats[person].bot_status == "kicked",
    }


def _chat_view(world: World, chat: Chat) -> Json:
    return {
        "id": chat.id,
        "title": chat.title or world.profile.visible_text("name", chat.person),
        "kind": "private" if chat.is_private else "group",
        "person": chat.person.id if chat.person else None,
        "members": list(chat.members),
        "typing": time.time() - chat.typing_since < TYPING_DURATION,
        "commands": world.profile.visible_commands(chat, chat.person),
        "topics": [{"id": topic, "name": name} for topic, name in chat.topics.items()],
        "pinned": list(chat.pinned),
        "messages": [_message_view(world, message) for message in chat.messages.values()],
    }


def _message_view(world: World, message: Message) -> Json:
    text, entity_list = objects.text_and_entities(message.content)
    rows = (message.markup or {}).get("inline_keyboard", [])
    return {
        "id": message.id,
        "from": message.sender.id,
        "own_bot": message.sender is world.bot,
        "via": message.via_bot.username if message.via_bot else None,
        "date": message.date,
        "edited": message.edit_date is not None,
        "reaction": list(message.reaction),
        "topic": message.thread_id,
        "reply_to": message.reply_to.id if message.reply_to else None,
        "text": text,
        "entities": [_entity_view(entity) for entity in entity_list],
        "media": _media_view(world, message.content),
        "contact": _contact_view(message.content.get("contact")),
        "location": message.content.get("location"),
        "service": _service_view(message.content),
        "buttons": [[_button_view(button) for button in row] for row in rows],
    }


def _entity_view(entity: Json) -> Json:
    return {name: entity.get(name) for name in ("type", "offset", "length", "url")}


def _button_view(button: Json) -> Json:
    return {"text": button["text"], "data": button.get("callback_data"), "url": button.get("url")}


def _media_view(world: World, content: Json) -> Json | None:
    kind = next((kind for kind in MEDIA_KINDS if kind in content), None)
    if kind is None:
        return None
    item = content["photo"][-1] if kind == "photo" else content[kind]
    file = world.files.by_id[item["file_id"]]
    return {
        "kind": kind,
        "file": file.id,
        "name": item.get("file_name") or item.get("emoji"),
        "size": len(file.content),
        "mime": detect_media_type(file.content) or item.get("mime_type"),
        "duration": item.get("duration"),
    }


def detect_media_type(content: bytes) -> str:
    """Return the media type of a file by its first bytes, or "" unless it is safe to show in a browser."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav"
    if content[:15].lower() == b"<!doctype html>":
        return "text/html; charset=utf-8"
    other_types = (media_type for prefix, media_type in SAFE_SIGNATURES if content.startswith(prefix))
    return (
        detect_image_type(content)
        or next(other_types, "")
        or ("text/plain; charset=utf-8" if _is_text(content) else "")
    )


def _is_text(content: bytes) -> bool:
    sample = content[:TEXT_SAMPLE]
    try:
        text = getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return bool(text) and all(character.isprintable() or character in "\t\r\n\ufeff" for character in text)


def _contact_view(contact: Json | None) -> Json | None:
    if contact is None:
        return None
    name = " ".join(filter(None, (contact["first_name"], contact.get("last_name"))))
    return {"name": name, "phone": contact["phone_number"]}


def _service_view(content: Json) -> Json | None:
    kind = next((kind for kind in SERVICE_KINDS if kind in content), None)
    if kind is None:
        return None
    return {"kind": kind, "name": content[kind]["name"] if kind == "forum_topic_created" else None}


def _toast_views(world: World) -> Iterator[Json]:
    for query in world.queries.values():
        if query.answer and query.answer.get("text"):
            alert = bool(query.answer.get("show_alert"))
            yield {"id": query.id, "person": query.person.id, "text": query.answer["text"], "alert": alert}


def _problem_view(problem: Problem) -> Json:
    return {
        "hint": problem.is_hint,
        "place": problem.location,
        "de": problem.text("de"),
        "en": problem.text("en"),
        "example": problem.example(),
    }


def _answer_view(simulation: SimulationState, answer: AnswerRecord) -> Json:
    return asdict(answer) | {
        "confidence": round(answer.confidence, 4),
        "ms": round(answer.ms, 1),
        "entries": [{"entry": entry, "score": round(score, 3)} for entry, score in answer.entries],
        **_reply_view(simulation, answer.update),
    }


def _reply_view(simulation: SimulationState, update: int) -> Json:
    """Return in which chat the answer to an update is, and as which message; None if it is not there (yet)."""
    mark = next((mark for mark in simulation.panel.turns if mark.update == update), None)
    chat = simulation.world.chats.get(mark.chat) if mark else None
    if mark is None or chat is None:
        return {"chat": None, "message": None}
    sent = (item.id for item in chat.messages.values() if item.id > mark.last_message)
    replies = (number for number in sent if chat.messages[number].sender is simulation.world.bot)
    return {"chat": mark.chat, "message": next(replies, None)}
