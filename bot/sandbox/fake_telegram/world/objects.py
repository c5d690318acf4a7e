"""What the stand-in keeps: accounts, chats and messages, and the frozen views of them that tests read."""

import time
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.fake_telegram.rules import utf16

Json = dict[str, Any]


def omit_none(**fields: Any) -> Json:
    """An object without the fields that are None, as Telegram leaves them out."""
    return {name: value for name, value in fields.items() if value is not None}


def unix_now() -> int:
    """The time as Telegram gives it."""
    return int(time.time())


@dataclass(frozen=True)
class Account:
    """A person or the bot."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False

    @property
    def full_name(self) -> str:
        """First and last name."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    def to_json(self) -> Json:
        """A User object."""
        return omit_none(**vars(self))


@dataclass
class Chat:
    """A private chat with the bot (its id is the person's) or a group."""

    id: int
    type: str
    title: str | None = None
    person: Account | None = None
    is_forum: bool = False
    bot_status: str = "left"
    members: dict[int, str] = field(default_factory=dict)
    messages: dict[int, "Message"] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    migrated_to: int | None = None
    closed: set[int] = field(default_factory=set)  # topics
    forbidden: set[str] = field(default_factory=set)  # kinds of messages that only administrators may send
    typing_since: float = 0.0  # Unix time of the last "typing" that no message followed

    @property
    def is_private(self) -> bool:
        """Whether this is a chat of one person with the bot."""
        return self.type == "private"

    def remove_topic(self, topic_id: int) -> None:
        """A topic goes with all that is in it."""
        del self.topics[topic_id]
        self.closed.discard(topic_id)
        self.messages = {
            message_id: message for message_id, message in self.messages.items() if message.thread_id != topic_id
        }
        self.pinned = [pinned for pinned in self.pinned if pinned in self.messages]

    def to_json(self) -> Json:
        """A Chat object."""
        person = self.person
        names = (
            omit_none(first_name=person.first_name, last_name=person.last_name, username=person.username)
            if person
            else {}
        )
        return omit_none(id=self.id, type=self.type, title=self.title, is_forum=self.is_forum or None) | names


@dataclass
class Message:
    """A message in a chat; content holds what differs by kind, under Telegram's names."""

    id: int
    chat: Chat
    sender: Account
    content: Json
    touched: int
    date: int = field(default_factory=unix_now)
    reply_to: "Message | None" = None
    markup: Json | None = None
    thread_id: int | None = None
    forward_origin: Json | None = None
    edit_date: int | None = None
    media_group_id: str | None = None
    via_bot: Account | None = None
    inline_id: str | None = None

    def to_json(self, *, with_reply: bool = True) -> Json:
        """A Message object; the message it replies to is given without its own."""
        inline = self.markup if self.markup and "inline_keyboard" in self.markup else None
        reply = self.reply_to.to_json(with_reply=False) if self.reply_to and with_reply else None
        return self.content | omit_none(
            **{"from": self.sender.to_json()},
            message_id=self.id,
            chat=self.chat.to_json(),
            date=self.date,
            edit_date=self.edit_date,
            message_thread_id=self.thread_id,
            is_topic_message=True if self.thread_id else None,
            forward_origin=self.forward_origin,
            reply_to_message=reply,
            reply_markup=inline,
            media_group_id=self.media_group_id,
            via_bot=self.via_bot.to_json() if self.via_bot else None,
        )

    def to_view(self) -> "MessageView":
        """The message as a person sees it now."""
        text, raw_entities = text_and_entities(self.content)
        markup = self.markup or {}
        return MessageView(
            id=self.id,
            chat_id=self.chat.id,
            sender_id=self.sender.id,
            from_bot=self.sender.is_bot,
            kind=content_kind(self.content),
            text=text,
            entities=tuple(Entity.from_json(text, item) for item in raw_entities),
            buttons=tuple(tuple(map(Button.from_json, row)) for row in markup.get("inline_keyboard", [])),
            reply_keyboard=tuple(
                tuple(key if isinstance(key, str) else key["text"] for key in row)
                for row in markup.get("keyboard", [])
            ),
            edited=self.edit_date is not None,
            reply_to=self.reply_to.id if self.reply_to else None,
            thread_id=self.thread_id,
            touched=self.touched,
            raw=self.to_json(),
        )


def text_and_entities(content: Json) -> tuple[str, list[Json]]:
    """The text or caption of a message, and its entities."""
    prefix = "caption_" if "caption" in content else ""
    return content.get("caption" if prefix else "text", ""), content.get(f"{prefix}entities", [])


def content_kind(content: Json) -> str:
    """Text, photo, contact, ...: what the message is."""
    auxiliary_fields = {"entities", "caption", "caption_entities", "link_preview_options", "has_media_spoiler",
              "show_caption_above_media"}  # fmt: skip
    return next((name for name in content if name not in auxiliary_fields), "")


@dataclass(frozen=True)
class Entity:
    """A marked part of a text."""

    type: str
    text: str
    url: str | None = None

    @classmethod
    def from_json(cls, text: str, item: Json) -> "Entity":
        """The entity with the part of the text that it covers."""
        return cls(item["type"], utf16.slice_units(text, item["offset"], item["length"]), item.get("url"))


@dataclass(frozen=True)
class Button:
    """A button under a message."""

    text: str
    data: str | None = None
    url: str | None = None

    @classmethod
    def from_json(cls, item: Json) -> "Button":
        """The button of an inline keyboard."""
        return cls(item["text"], item.get("callback_data"), item.get("url"))


@dataclass(frozen=True)
class MessageView:
    """A message as it looked when it was read; `touched` grows with every sending and editing."""

    id: int
    chat_id: int
    sender_id: int
    from_bot: bool
    kind: str
    text: str
    entities: tuple[Entity, ...]
    buttons: tuple[tuple[Button, ...], ...]
    reply_keyboard: tuple[tuple[str, ...], ...]
    edited: bool
    reply_to: int | None
    thread_id: int | None
    touched: int
    raw: Json = field(repr=False)

    @property
    def button_labels(self) -> list[str]:
        """The texts of all inline buttons, in reading order."""
        return [button.text for row in self.buttons for button in row]


@dataclass(frozen=True)
class Violation:
    """A call that a correct bot never makes.

    It is not as documented ("schema"), over a limit ("limit"), or comes too early or too fast ("flood").
    """

    kind: str
    method: str
    problem: str


@dataclass(frozen=True)
class RecordedCall:
    """A call as it came and what was answered; status 0 where no answer left."""

    method: str
    params: Json
    finished_at: float
    status: int
    response: Any
    duration_ms: float = 0.0
