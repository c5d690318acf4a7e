"""What a person does in a chat."""

from dataclasses import dataclass
from enum import StrEnum

MAX_ID = 2**63  # ids stay below: SQLite's integers have 64 bits; Telegram's ids have 52


class EventKind(StrEnum):
    """What a person did."""

    TEXT = "text"
    EDITED = "edited"
    COMMAND = "command"
    BUTTON = "button"
    INLINE_QUERY = "inline"  # what somebody types after the bot's name, in any chat
    OTHER = "other"  # photo, voice, sticker, file, poll, …
    BOT_REMOVED = "removed"  # the bot is no longer in the group
    CHAT_MIGRATED = "moved"  # the group was turned into a supergroup; the text is its new id


MESSAGE_KINDS = (EventKind.TEXT, EventKind.EDITED, EventKind.OTHER)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person did in a chat. ``text`` is the message, a command's arguments, or a button's data.

    Attributes:
        html: the message or caption with its formatting, as Telegram HTML.
        what: what a message of the kind OTHER holds: photo, voice, document, …
        file: Telegram's id of that photo or file, where another may be put in its place.
        reply_to: the message that this one replies to, ours or another.
        thread_id: the topic of a forum, 0 outside of one.
        addressed: whether it is meant for the bot; in a group that is what mentions it, or replies to it.
        callback_id: by which a tap, or what was typed after the bot's name, is answered.
        member: whether Telegram says that the person is in the advisers' chat; asked only where it matters.
        written: when the message was written or edited (Unix time), 0 for what is no message.
        album: id of the album that the message is part of, "" where it is of none.
        captions: of an adviser's album the texts of those of its messages that are not handled yet.
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
    private: bool = True
    reply_to: int | None = None
    html: str = ""
    media_type: str = ""
    file_id: str = ""
    thread_id: int = 0
    addressed: bool = True
    in_adviser_chat: bool = False
    sent_at: float = 0.0
    album_id: str = ""
    captions: tuple[str, ...] = ()

    @property
    def state_key(self) -> str:
        """The key of the person's state: each person of a group has their own."""
        return f"{self.chat_id}:{self.user_id}"
