"""Telegram update -> event."""

from telegram import CallbackQuery, Message, MessageEntity, Update, User
from telegram.constants import ChatType

from bot.model import Event, Kind

ALLOWED_UPDATES = ["message", "edited_message", "callback_query"]


def chat_key(update: dict[str, object]) -> str:
    """The key whose updates are handled in order: the chat, else the person, of a raw update."""
    for kind in ALLOWED_UPDATES:
        part = update.get(kind)
        if isinstance(part, dict):
            message = part.get("message") if kind == "callback_query" else part
            holder = message if isinstance(message, dict) and "chat" in message else part
            owner = holder.get("chat") or holder.get("from")
            if isinstance(owner, dict):
                return str(owner.get("id"))
    return ""


def to_event(update: Update, bot: User) -> Event | None:
    """The event of an update; None where it is not for the bot (a service message, a group's own talk)."""
    if update.callback_query:
        return _tap(update.update_id, update.callback_query)
    message = update.message or update.edited_message
    if message is None or message.from_user is None or message.from_user.is_bot:
        return None
    return _message(update.update_id, message, message.from_user, bot, edited=update.edited_message is not None)


def _tap(update_id: int, query: CallbackQuery) -> Event | None:
    if query.message is None or query.data is None:
        return None
    return Event(
        update_id,
        Kind.BUTTON,
        query.message.chat.id,
        query.from_user.id,
        query.message.message_id,
        text=query.data,
        callback_id=query.id,
        language_code=query.from_user.language_code or "",
        name=query.from_user.full_name,
        private=query.message.chat.type == ChatType.PRIVATE,
    )


def _message(update_id: int, message: Message, sender: User, bot: User, *, edited: bool) -> Event | None:
    private = message.chat.type == ChatType.PRIVATE
    replied = message.reply_to_message
    to_us = replied is not None and replied.from_user is not None and replied.from_user.id == bot.id
    text = message.text or ""
    command, arguments = _command(message, bot)
    mentioned = f"@{bot.username}".casefold()
    if not private and not to_us and not command and not _mentions(message, mentioned):
        return None
    if not private:
        text = _without(text, mentioned)
    if command and not edited:
        kind, text = Kind.COMMAND, arguments
    elif text:
        kind = Kind.EDITED if edited else Kind.TEXT
    elif message.effective_attachment and not edited:
        kind = Kind.OTHER
    elif not private and message.text:
        kind = Kind.TEXT  # mentioned without a word: the bot asks what the person wants to know
    else:
        return None
    return Event(
        update_id,
        kind,
        message.chat.id,
        sender.id,
        message.message_id,
        text=text,
        command=command,
        language_code=sender.language_code or "",
        name=sender.full_name,
        private=private,
        reply_to=replied.message_id if replied and to_us else None,
    )


def _command(message: Message, bot: User) -> tuple[str, str]:
    """The command a message begins with and its arguments; empty where there is none, or it is another bot's."""
    entities = message.entities or ()
    first = next((entity for entity in entities if entity.offset == 0), None)
    if first is None or first.type != MessageEntity.BOT_COMMAND or message.text is None:
        return "", ""
    whole = message.parse_entity(first)
    name, _, addressee = whole.removeprefix("/").partition("@")
    if addressee and addressee.casefold() != str(bot.username).casefold():
        return "", ""
    return name.lower(), message.text[len(whole) :].strip()


def _mentions(message: Message, mentioned: str) -> bool:
    found = message.parse_entities([MessageEntity.MENTION])
    return any(text.casefold() == mentioned for text in found.values())


def _without(text: str, mentioned: str) -> str:
    place = text.casefold().find(mentioned)
    return " ".join((text[:place] + " " + text[place + len(mentioned) :]).split()) if place >= 0 else text
