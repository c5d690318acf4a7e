"""Events: what a person did in a chat."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.message import Keyboard

MAX_ID = 2**63  # ids stay below: SQLite's integers have 64 bits; Telegram's ids have 52


class EventKind(StrEnum):
    """What a person did."""

    TEXT = "text"
    EDITED = "edited"
    COMMAND = "command"
    BUTTON = "button"
    INLINE_QUERY = "inline"  # typed after the bot's name, in any chat
    OTHER = "other"  # photo, voice, sticker, file, poll, …
    BOT_REMOVED = "removed"  # the bot was removed from the group
    BOT_ADDED = "added"  # the bot was added to the group
    CHAT_MIGRATED = "moved"  # the group became a supergroup; the text is its new id


MESSAGE_KINDS = (EventKind.TEXT, EventKind.EDITED, EventKind.OTHER)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person did in a chat. ``text`` is the message, a command's arguments, or a button's data.

    Attributes:
        callback_id: id with which to answer a tap or an inline query.
        language_code: language of the person's Telegram.
        name, first_name: the person's full name, and their first name alone.
        reply_to: id of the message that this one replies to.
        html: the message or caption with its formatting, as Telegram HTML.
        media_type: what a message of the kind OTHER contains: photo, voice, document, …
        file_id: Telegram's id of that photo or file, if an edit can replace it.
        thread_id: the topic of a forum; 0 outside of topics.
        addressed: whether it is meant for the bot: in a group, it must mention the bot or reply to it.
        username: the person's name at Telegram, without the @; "" for none.
        mentions_bot: whether a message in a group mentions the bot.
        in_adviser_chat: whether Telegram lists the person as a member of the advisers' chat; looked up if needed.
        sent_at: when the message was written or edited, or the bot added (Unix time); 0 for other events.
        album_id: id of the album that the message is part of; "" for none.
        keyboard: the buttons of the tapped message, as the person saw them.
        album_rest: ids of the other messages of the album that are still to be handled, in order.
        captions: texts of the other messages of an adviser's album that are still to be handled.
    """

    update_id: int
    kind: EventKind
    chat_id: int
    user_id: int
    message_id: int
    text: str = ""
    command: str = ""
    callback_id: str = ""
    language_code: str = ""
    name: str = ""
    first_name: str = ""
    private: bool = True
    reply_to: int | None = None
    html: str = ""
    media_type: str = ""
    file_id: str = ""
    thread_id: int = 0
    addressed: bool = True
    username: str = ""
    mentions_bot: bool = False
    in_adviser_chat: bool = False
    sent_at: float = 0.0
    album_id: str = ""
    album_rest: tuple[int, ...] = ()
    captions: tuple[str, ...] = ()
    keyboard: Keyboard = ()

    @property
    def state_key(self) -> str:
        """The key of the person's state; in a group each person has their own."""
        return f"{self.chat_id}:{self.user_id}"
