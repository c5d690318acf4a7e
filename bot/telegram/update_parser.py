"""Telegram update -> event."""

from telegram import (
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

from bot.domain.event import Event, Kind

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member", "inline_query"]
INLINE = "inline:"  # begins the key of what a person types after the bot's name
OUTSIDE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
ATTACHED = ("photo", "voice", "document", "video", "video_note", "audio", "animation", "sticker", "contact",
            "location", "venue", "poll", "dice", "story")  # fmt: skip
REPLACEABLE = ("photo", "document", "video", "audio", "animation")  # for which another may be put in place; Bot API


def chat_key(update: dict[str, object]) -> str:
    """The key whose updates are handled in order: the chat, else the person, of a raw update."""
    for kind in ALLOWED_UPDATES:
        part = update.get(kind)
        if isinstance(part, dict):
            message = part.get("message") if kind == "callback_query" else part
            holder = message if isinstance(message, dict) and "chat" in message else part
            owner = holder.get("chat") or holder.get("from")
            if isinstance(owner, dict):
                return (INLINE if kind == "inline_query" else "") + str(owner.get("id"))
    return ""


def only_newest(key: str) -> bool:
    """Whether an update of this key is worth nothing once a newer one is there: each letter typed is a query."""
    return key.startswith(INLINE)


def to_event(update: Update, bot: User) -> Event | None:
    """The event of an update; None where it is not for the bot (a service message, a group's own talk)."""
    if update.callback_query:
        return _tap(update.update_id, update.callback_query)
    if update.inline_query:
        return _typed(update.update_id, update.inline_query)
    if update.my_chat_member:
        return _membership(update.update_id, update.my_chat_member)
    message = update.message or update.edited_message
    if message is None or message.from_user is None:
        return None
    if message.migrate_to_chat_id:
        user, new = message.from_user, str(message.migrate_to_chat_id)
        return Event(update.update_id, Kind.MOVED, message.chat.id, user.id, message.message_id, new, private=False)
    anonymous = message.sender_chat is not None and message.sender_chat.id == message.chat.id  # an admin of the group
    if message.from_user.is_bot and not anonymous:
        return None
    return _message(update.update_id, message, message.from_user, bot, edited=update.edited_message is not None)


def _tap(update_id: int, query: CallbackQuery) -> Event | None:
    """A tap counts only on a button that is there: what the message it was made on does not hold is no data."""
    if query.message is None or query.data is None:
        return None
    return Event(
        update_id,
        Kind.BUTTON,
        query.message.chat.id,
        query.from_user.id,
        query.message.message_id,
        text=query.data if query.data in _buttons(query.message) else "",
        callback_id=query.id,
        language_code=query.from_user.language_code or "",
        name=query.from_user.full_name,
        private=query.message.chat.type == ChatType.PRIVATE,
        thread_id=_thread(query.message),
    )


def _buttons(message: MaybeInaccessibleMessage) -> set[object]:
    """What a message's buttons send; nothing where Telegram no longer shows the message."""
    markup = message.reply_markup if isinstance(message, Message) else None
    return {button.callback_data for row in (markup.inline_keyboard if markup else ()) for button in row}


def _typed(update_id: int, query: InlineQuery) -> Event:
    person = query.from_user
    return Event(
        update_id,
        Kind.INLINE,
        person.id,
        person.id,
        0,
        text=query.query,
        callback_id=query.id,
        language_code=person.language_code or "",
    )


def _membership(update_id: int, change: ChatMemberUpdated) -> Event | None:
    """The bot was thrown out of a group, or has left it; all else about its membership changes nothing."""
    if change.chat.type == ChatType.PRIVATE or change.new_chat_member.status not in OUTSIDE:
        return None
    return Event(update_id, Kind.REMOVED, change.chat.id, change.from_user.id, 0, private=False, addressed=False)


def _message(update_id: int, message: Message, sender: User, bot: User, *, edited: bool) -> Event | None:
    private = message.chat.type == ChatType.PRIVATE
    replied = message.reply_to_message
    to_us = replied is not None and replied.from_user is not None and replied.from_user.id == bot.id
    command, arguments = _command(message, bot)
    mention = _mention(message, bot)
    offered = message.via_bot is not None and message.via_bot.id == bot.id  # one of our own results, sent on
    addressed = not offered and (private or to_us or bool(command) or mention is not None)
    if not private and not addressed and replied is None and not message.is_topic_message:
        return None
    text, what = arguments if command else message.text or message.caption or "", _what(message)
    if not private and not command and mention:
        text = _without(text, mention)
    file = _file(message, what)
    if edited:
        if not text and not file:
            return None
        kind = Kind.EDITED
    elif command:
        kind = Kind.COMMAND
    elif message.effective_attachment:
        kind = Kind.OTHER
    elif text:
        kind = Kind.TEXT
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
        name=message.author_signature or (message.chat.title or "" if sender.is_bot else sender.full_name),
        private=private,
        reply_to=replied.message_id if replied else None,
        html=message.text_html if message.text else message.caption_html if message.caption else "",
        what=what,
        file=file,
        thread_id=_thread(message),
        addressed=addressed,
        written=(message.edit_date or message.date).timestamp(),
        album=message.media_group_id or "",
    )


def _thread(message: MaybeInaccessibleMessage) -> int:
    topic = isinstance(message, Message) and message.is_topic_message
    return (message.message_thread_id or 0) if topic and isinstance(message, Message) else 0


def _what(message: Message) -> str:
    """What a message holds besides text, by the Bot API's name; "" where it is text alone."""
    return next((name for name in ATTACHED if getattr(message, name, None)), "")


def _file(message: Message, what: str) -> str:
    """Telegram's id of the file that a message holds, where another may be put in its place."""
    held = getattr(message, what) if what in REPLACEABLE else None
    newest = (
        held[-1] if isinstance(held, tuple) and held else held
    )  # a photo comes in several sizes, the largest last
    return str(newest.file_id) if newest else ""


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


def _mention(message: Message, bot: User) -> MessageEntity | None:
    """Where a message mentions the bot for the first time."""
    kinds: list[str | None] = [MessageEntity.MENTION]
    found = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
    ours = [entity for entity, text in found.items() if text.lower() == f"@{bot.username}".lower()]
    return min(ours, key=lambda entity: entity.offset, default=None)


def _without(text: str, entity: MessageEntity) -> str:
    """A text without what an entity covers; Telegram counts in UTF-16."""
    units = text.encode("utf-16-le")
    before, after = units[: 2 * entity.offset], units[2 * (entity.offset + entity.length) :]
    return " ".join(f"{before.decode('utf-16-le')} {after.decode('utf-16-le')}".split())
