"""Turn Telegram's updates into events."""

import logging
import re
from typing import Any

from telegram import (
    Bot,
    CallbackQuery,
    ChatMemberUpdated,
    InlineQuery,
    MaybeInaccessibleMessage,
    Message,
    MessageEntity,
    Update,
    User,
)
from telegram.constants import ChatMemberStatus, ChatType

from bot.domain.commands import CANONICAL_COMMANDS, spell_command
from bot.domain.event import MAX_ID, Event, EventKind
from bot.domain.message import Button, Keyboard

log = logging.getLogger(__name__)
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member", "inline_query"]
INLINE_KEY_PREFIX = "inline:"  # prefix of the keys of inline queries
LEFT_STATUSES = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
ATTACHMENT_FIELDS = ("photo", "voice", "document", "video", "video_note", "audio", "animation", "sticker", "contact",
            "location", "venue", "poll", "dice", "story")  # fmt: skip
_UMLAUT_COMMAND = re.compile(r"/(?=\w*[^\W\x00-\x7f]|\w*\u0308)([\w\u0308]+)(?:@(\w+))?(?!\S)(.*)", re.DOTALL)
REPLACEABLE_MEDIA = ("photo", "document", "video", "audio", "animation")  # Bot API, editMessageMedia


def chat_key(update: dict[str, object]) -> str:
    """Return the key of a raw update, which is its chat or else its person; updates of a key are handled in order."""
    for kind in ALLOWED_UPDATES:
        payload = update.get(kind)
        if isinstance(payload, dict):
            message = payload.get("message") if kind == "callback_query" else payload
            holder = message if isinstance(message, dict) and "chat" in message else payload
            owner = holder.get("chat") or holder.get("from")
            if isinstance(owner, dict):
                return (INLINE_KEY_PREFIX if kind == "inline_query" else "") + str(owner.get("id"))
    return ""


def only_newest(key: str) -> bool:
    """Whether a newer update of this key makes older ones worthless: every letter typed sends an inline query."""
    return key.startswith(INLINE_KEY_PREFIX)


def parse_raw_update(bot: Bot, bot_user: User, update_id: int, raw_update: dict[str, Any]) -> Event | None:
    """Parse an update as Telegram sent it; None if it is not for the bot, or (logged) if its form is unknown."""
    try:
        event = parse_update(Update.de_json(raw_update, bot), bot_user)
        return event if event is None or _is_well_formed(event) else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        log.error("update %d has an unknown form: %s", update_id, type(error).__name__)
        return None


def _is_well_formed(event: Event) -> bool:
    """Whether the ids and texts of an event have the types that Telegram promises, and the store can hold them."""
    ids = (event.chat_id, event.user_id, event.message_id, event.reply_to or 0, event.thread_id)
    texts = (
        event.text,
        event.name,
        event.first_name,
        event.username,
        event.language_code,
        event.callback_id,
        event.html,
        event.album_id,
    )
    are_ids_valid = all(isinstance(value, int) and abs(value) < MAX_ID for value in ids)
    return are_ids_valid and all(isinstance(value, str) for value in texts)


def parse_update(update: Update, bot_user: User) -> Event | None:
    """Return the event of an update; None if it is not for the bot, such as a service message or talk in a group."""
    if update.callback_query:
        return _parse_callback_query(update.update_id, update.callback_query)
    if update.inline_query:
        return _parse_inline_query(update.update_id, update.inline_query)
    if update.my_chat_member:
        return _parse_member_update(update.update_id, update.my_chat_member)
    message = update.message or update.edited_message
    if message is None or message.from_user is None:
        return None
    sender, chat_id, edited = message.from_user, message.chat.id, update.edited_message is not None
    if message.migrate_to_chat_id:
        kind, new_id = EventKind.CHAT_MIGRATED, str(message.migrate_to_chat_id)
        return Event(update.update_id, kind, chat_id, sender.id, message.message_id, new_id, private=False)
    is_anonymous_admin = message.sender_chat is not None and message.sender_chat.id == chat_id
    if sender.is_bot and not is_anonymous_admin:
        return None
    return _parse_message(update.update_id, message, sender, bot_user, edited=edited)


def _parse_callback_query(update_id: int, query: CallbackQuery) -> Event | None:
    """Parse a tap; the text is empty unless the message has a button with this data, so nobody can forge one."""
    if query.message is None or query.data is None:
        return None
    keyboard = _read_keyboard(query.message)
    return Event(
        update_id,
        EventKind.BUTTON,
        query.message.chat.id,
        query.from_user.id,
        query.message.message_id,
        text=query.data if any(button.data == query.data for row in keyboard for button in row) else "",
        callback_id=query.id,
        language_code=query.from_user.language_code or "",
        name=query.from_user.full_name,
        first_name=query.from_user.first_name,
        username=query.from_user.username or "",
        private=query.message.chat.type == ChatType.PRIVATE,
        thread_id=_topic_id(query.message),
        keyboard=keyboard,
    )


def _read_keyboard(message: MaybeInaccessibleMessage) -> Keyboard:
    """Return a message's buttons; none if Telegram no longer shows the message."""
    markup = message.reply_markup if isinstance(message, Message) else None
    return tuple(
        tuple(Button(button.text, str(button.callback_data or ""), button.url or "") for button in row)
        for row in (markup.inline_keyboard if markup else ())
    )


def _parse_inline_query(update_id: int, query: InlineQuery) -> Event:
    person, kind = query.from_user, EventKind.INLINE_QUERY
    lang = person.language_code or ""
    return Event(update_id, kind, person.id, person.id, 0, query.query, callback_id=query.id, language_code=lang)


def _parse_member_update(update_id: int, member_update: ChatMemberUpdated) -> Event | None:
    """Parse that the bot came into a group or left it; ignore other changes of its membership."""
    was_out, is_out = (
        member.status in LEFT_STATUSES for member in (member_update.old_chat_member, member_update.new_chat_member)
    )
    if member_update.chat.type == ChatType.PRIVATE or (was_out == is_out and not is_out):
        return None
    kind = EventKind.BOT_REMOVED if is_out else EventKind.BOT_ADDED
    chat_id, user_id, sent_at = member_update.chat.id, member_update.from_user.id, member_update.date.timestamp()
    return Event(update_id, kind, chat_id, user_id, 0, private=False, addressed=False, sent_at=sent_at)


def _parse_message(update_id: int, message: Message, sender: User, bot_user: User, *, edited: bool) -> Event | None:
    private = message.chat.type == ChatType.PRIVATE
    replied_message = message.reply_to_message
    replied_user = replied_message.from_user if replied_message else None
    replies_to_bot = replied_user is not None and replied_user.id == bot_user.id
    command, arguments = _parse_command(message, bot_user)
    mention = _find_mention(message, bot_user)
    is_inline_result = message.via_bot is not None and message.via_bot.id == bot_user.id
    addressed = not is_inline_result and (private or replies_to_bot or bool(command) or mention is not None)
    is_overheard = not private and not addressed and replied_message is None and not message.is_topic_message
    if is_overheard and (edited or not message.text):  # a new text may be an adviser's
        return None
    text, media_type = arguments if command else message.text or message.caption or "", _media_type(message)
    if not private and not command and mention:
        text = _remove_entity(text, mention)
    file_id = _replaceable_file_id(message, media_type)
    if edited:
        if not text and not file_id:
            return None
        kind = EventKind.EDITED
    elif command:
        kind = EventKind.COMMAND
    elif message.effective_attachment:
        kind = EventKind.OTHER
    elif text:
        kind = EventKind.TEXT
    elif not private and message.text:
        kind = EventKind.TEXT  # a mention alone: the bot asks what the person wants to know
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
        name=message.author_signature or (message.chat.title or "" if sender.is_bot else sender.full_name),
        first_name=sender.first_name,
        private=private,
        reply_to=replied_message.message_id if replied_message else None,
        html=message.text_html if message.text else message.caption_html if message.caption else "",
        media_type=media_type,
        file_id=file_id,
        thread_id=_topic_id(message),
        addressed=addressed,
        username="" if sender.is_bot else sender.username or "",
        mentions_bot=mention is not None,
        sent_at=(message.edit_date or message.date).timestamp(),
        album_id=message.media_group_id or "",
    )


def _topic_id(message: MaybeInaccessibleMessage) -> int:
    is_topic = isinstance(message, Message) and message.is_topic_message
    return (message.message_thread_id or 0) if is_topic and isinstance(message, Message) else 0


def _media_type(message: Message) -> str:
    """Return the Bot API's name of what a message holds besides text; "" if there is only text."""
    return next((name for name in ATTACHMENT_FIELDS if getattr(message, name, None)), "")


def _replaceable_file_id(message: Message, media_type: str) -> str:
    """Return the id of a message's file if it can be replaced by another one, else ""."""
    media = getattr(message, media_type) if media_type in REPLACEABLE_MEDIA else None
    largest = media[-1] if isinstance(media, tuple) and media else media  # the sizes of a photo are in order
    return str(largest.file_id) if largest else ""


def _parse_command(message: Message, bot_user: User) -> tuple[str, str]:
    """Return the command that a message starts with, and its arguments; empty if there is none for this bot.

    Telegram marks no command with an umlaut: "/zurück" arrives as a mere text.
    """
    if match := _UMLAUT_COMMAND.match(message.text or ""):
        name, addressee = spell_command(match[1]), match[2]
        is_own = addressee is None or addressee.casefold() == str(bot_user.username).casefold()
        return (name, match[3].strip()) if is_own and name in CANONICAL_COMMANDS else ("", "")
    entities = message.entities or ()
    leading_entity = next((entity for entity in entities if entity.offset == 0), None)
    if leading_entity is None or leading_entity.type != MessageEntity.BOT_COMMAND or message.text is None:
        return "", ""
    command_text = message.parse_entity(leading_entity)
    name, _, addressee = command_text.removeprefix("/").partition("@")
    if addressee and addressee.casefold() != str(bot_user.username).casefold():
        return "", ""
    return name.lower(), message.text[len(command_text) :].strip()


def _find_mention(message: Message, bot_user: User) -> MessageEntity | None:
    """Return the first mention of the bot."""
    kinds: list[str | None] = [MessageEntity.MENTION]
    mentions = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
    own_mentions = [entity for entity, text in mentions.items() if text.lower() == f"@{bot_user.username}".lower()]
    return min(own_mentions, key=lambda entity: entity.offset, default=None)


def _remove_entity(text: str, entity: MessageEntity) -> str:
    """Cut an entity out of a text; Telegram counts in UTF-16."""
    units = text.encode("utf-16-le")
    before, after = units[: 2 * entity.offset], units[2 * (entity.offset + entity.length) :]
    return " ".join(f"{before.decode('utf-16-le')} {after.decode('utf-16-le')}".split())
