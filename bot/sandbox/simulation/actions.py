"""What the people on stage do when somebody at the page has them do it."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from bot.sandbox.fake_telegram import FaultKind, Group, User
from bot.sandbox.fake_telegram.actors.media import PICTURE
from bot.sandbox.fake_telegram.rules import image_size, schema, utf16
from bot.sandbox.simulation.action_models import (
    Act,
    Choose,
    Edit,
    FaultWanted,
    Inline,
    NewPerson,
    Person,
    Say,
    Send,
    Start,
    Tap,
    Topic,
)
from bot.sandbox.simulation.stage import Stage

Json = dict[str, Any]
TEXT_LIMIT = 4096  # UTF-16 code units, as in the apps
FAULTS = {"rate_limit": FaultKind.RATE_LIMIT, "server_error": FaultKind.SERVER_ERROR, "timeout": FaultKind.HANG,
          "lost": FaultKind.LOST}  # fmt: skip
PATIENCE = 10.0  # seconds for the bot to answer an inline query


class Refused(Exception):
    """It cannot be done; the sentence says why."""


def say(stage: Stage, act: Say) -> None:
    """Send a text."""
    user, group = _place(stage, act.person, act.chat)
    user.says(
        _text(act.text), group, topic=_topic(stage, group, act.topic), reply_to=_message(stage, act, act.reply_to)
    )


def edit(stage: Stage, act: Edit) -> None:
    """Change a message of one's own."""
    user, group = _place(stage, act.person, act.chat)
    message = stage.world.chats[act.chat].messages.get(act.message)
    if message is None or message.sender.id != act.person:
        raise Refused("Bearbeiten kann man nur eigene Nachrichten.")
    if "text" in message.content:
        user.edits(act.message, _text(act.text), group)
    elif "caption" in message.content:
        user.edits_caption(act.message, act.text, group)
    else:
        raise Refused("In dieser Nachricht steht kein Text.")


def tap(stage: Stage, act: Tap) -> None:
    """Tap a button."""
    user, group = _place(stage, act.person, act.chat)
    _message(stage, act, act.message)
    try:
        user.taps_on(act.message, act.data, group)
    except LookupError:
        raise Refused("Diesen Knopf gibt es nicht mehr.") from None


def send(stage: Stage, act: Send) -> None:
    """Send something that is no text."""
    user, group = _place(stage, act.person, act.chat)
    topic = _topic(stage, group, act.topic)
    content = _bytes(act.bytes)
    caption = act.caption.strip()
    match act.kind:
        case "photo":
            if content and image_size.sides(content) is None:
                raise Refused("Das ist kein Bild, das Telegram kennt (PNG, JPEG, GIF oder WebP).")
            user.sends_photo(caption, group, topic=topic, content=content or PICTURE)
        case "document":
            name = act.name or "Notiz.pdf"
            user.sends_document(name, group, topic=topic, content=content or b"%PDF-1.4\n", caption=caption)
        case "voice":
            user.sends_voice(group, topic=topic, content=content or b"OggS")
        case "contact":
            user.sends_contact(chat=group, topic=topic)
        case "location":
            user.sends_location(group, topic=topic)
        case "sticker":
            user.sends_sticker(group, topic=topic)


def block(stage: Stage, act: Person) -> None:
    """Block the bot."""
    _user(stage, act.person).blocks_bot()


def unblock(stage: Stage, act: Person) -> None:
    """Let the bot write again."""
    _user(stage, act.person).unblocks_bot()


def start(stage: Stage, act: Start) -> None:
    """Open the bot by a link."""
    user = _user(stage, act.person)
    if not act.parameter:
        user.says("/start")
        return
    try:
        user.opens_link(act.parameter)
    except ValueError:
        raise Refused("Ein Link enthält nur A-Z, a-z, 0-9, _ und -, höchstens 64 Zeichen.") from None


def inline(stage: Stage, act: Inline) -> Json:
    """Ask the bot from any chat; empty where it offers nothing, or where something newer was typed meanwhile."""
    user = _user(stage, act.person)
    if not stage.world.updates.wanted("inline_query"):
        return {"query": "", "results": []}
    asked = user.asks_inline(act.query)
    queries = stage.world.inline_queries

    def settled() -> bool:
        newest = next(one for one in reversed(queries.values()) if one.person is asked.person)
        return asked.answer is not None or newest is not asked

    try:
        stage.world.wait(settled, PATIENCE)
    except TimeoutError:
        return {"query": asked.id, "results": []}
    return {"query": asked.id, "results": [_result(one) for one in asked.results]}


def choose(stage: Stage, act: Choose) -> None:
    """Send a result that the bot offered."""
    user, group = _place(stage, act.person, act.chat)
    asked = stage.world.inline_queries.get(act.query)
    if asked is None or asked.person.id != act.person or act.result not in [one["id"] for one in asked.results]:
        raise Refused("Das bietet der Bot nicht mehr an.")
    user.chooses(asked, act.result, group, topic=_topic(stage, group, act.topic))


def person(stage: Stage, act: NewPerson) -> Json:
    """One more person."""
    user = stage.add(act.name, act.lang, "adviser" if act.adviser else "newcomer")
    if act.adviser:
        stage.advisers().joined_by(user)
    return {"id": user.id}


def delete_topic(stage: Stage, act: Topic) -> None:
    """An adviser deletes a topic."""
    if act.topic not in stage.advisers().chat.topics:
        raise Refused("Dieses Thema gibt es nicht mehr.")
    stage.advisers().deletes_topic(act.topic)


def fault(stage: Stage, act: FaultWanted) -> None:
    """Let the next calls go wrong, or none any more."""
    if act.kind == "none":
        stage.standin.end_faults()
        return
    if act.method and not schema.known(act.method):
        raise Refused(f"Die Bot-Schnittstelle kennt keinen Aufruf „{act.method}“.")
    stage.standin.fail_next(act.method, FAULTS[act.kind], act.times)


ACTS: dict[str, tuple[type[Act], Callable[[Stage, Any], Json | None]]] = {
    "say": (Say, say),
    "edit": (Edit, edit),
    "tap": (Tap, tap),
    "send": (Send, send),
    "block": (Person, block),
    "unblock": (Person, unblock),
    "start": (Start, start),
    "inline": (Inline, inline),
    "choose": (Choose, choose),
    "person": (NewPerson, person),
    "topic/delete": (Topic, delete_topic),
    "fault": (FaultWanted, fault),
}


def _user(stage: Stage, person_id: int) -> User:
    try:
        return stage.user(person_id)
    except KeyError:
        raise Refused("Diese Person gibt es hier nicht.") from None


def _place(stage: Stage, person_id: int, chat: int) -> tuple[User, Group | None]:
    """Who does something, and in which group; None is the private chat."""
    user = _user(stage, person_id)
    if chat == person_id:
        return user, None
    group = stage.advisers()
    if chat != group.id or person_id not in group.chat.members:
        raise Refused("Diese Person ist nicht in diesem Chat.")
    return user, group


def _topic(stage: Stage, group: Group | None, topic: int | None) -> int | None:
    if topic is not None and (group is None or topic not in group.chat.topics):
        raise Refused("Dieses Thema gibt es nicht mehr.")
    return topic


def _message(stage: Stage, act: Say | Tap, message: int | None) -> int | None:
    if message is not None and message not in stage.world.chats[act.chat].messages:
        raise Refused("Diese Nachricht gibt es nicht mehr.")
    return message


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise Refused("Die Nachricht ist leer.")
    if utf16.length(text) > TEXT_LIMIT:
        raise Refused(f"Eine Nachricht hat höchstens {TEXT_LIMIT} Zeichen.")
    return text


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused("Die Datei kam beschädigt an (kein Base64).") from None


def _result(result: Json) -> Json:
    content = result.get("input_message_content", {})
    names = ("id", "title", "description")
    return {name: result.get(name, "") for name in names} | {"text": content.get("message_text", "")}
