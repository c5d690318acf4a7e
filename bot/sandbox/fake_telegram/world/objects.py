"""Accounts, chats and messages, and the frozen views of them that tests read."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.fake_telegram.rules.entities import slice_units
from bot.sandbox.fake_telegram.rules.schema import Json


def omit_none(**fields: Any) -> Json:
    """Return an object without the fields that are None, as Telegram omits them."""
    return {name: value for name, value in fields.items() if value is not None}


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
        """Return a User object."""
        return omit_none(**vars(self))


@dataclass
class Chat:
    """A group, or a private chat with the bot, whose id is the person's."""

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
    forbidden: set[str] = field(default_factory=set)  # kinds of messages that only administrators may send
    typing_since: float = 0.0  # Unix time of the last "typing", 0 once a message followed

    @property
    def is_private(self) -> bool:
        """Whether this is a person's chat with the bot."""
        return self.type == "private"

    @property
    def bot_is_admin(self) -> bool:
        """Whether the bot is an administrator."""
        return self.bot_status == "administrator"

    def remove_topic(self, topic_id: int) -> None:
        """Remove a topic with all its messages."""
        del self.topics[topic_id]
        self.messages = {
            message_id: message for message_id, message in self.messages.items() if message.thread_id != topic_id
        }
        self.pinned = [pinned for pinned in self.pinned if pinned in self.messages]

    def to_json(self) -> Json:
        """Return a Chat object."""
        person = self.person
        names = (
            omit_none(first_name=person.first_name, last_name=person.last_name, username=person.username)
            if person
            else {}
        )
        return omit_none(id=self.id, type=self.type, title=self.title, is_forum=self.is_forum or None) | names


@dataclass
class Message:
    """A message; ``content`` holds the fields that depend on its kind, ``touched`` grows with each post and edit.

    ``reaction`` is the bot's.
    """

    id: int
    chat: Chat
    sender: Account
    content: Json
    touched: int
    date: int
    reply_to: "Message | None" = None
    markup: Json | None = None
    thread_id: int | None = None
    edit_date: int | None = None
    media_group_id: str | None = None
    via_bot: Account | None = None
    inline_id: str | None = None
    reaction: tuple[str, ...] = ()

    def to_json(self, *, with_reply: bool = True) -> Json:
        """Return a Message object; the message it replies to comes without its own reply."""
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
            reply_to_message=reply,
            reply_markup=inline,
            media_group_id=self.media_group_id,
            via_bot=self.via_bot.to_json() if self.via_bot else None,
        )

    def to_view(self) -> "MessageView":
        """Return the message as a person sees it now."""
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
            edited=self.edit_date is not None,
            reply_to=self.reply_to.id if self.reply_to else None,
            thread_id=self.thread_id,
            touched=self.touched,
            reaction=self.reaction,
            raw=self.to_json(),
        )


def text_and_entities(content: Json) -> tuple[str, list[Json]]:
    """Return the text or caption of a message and its entities."""
    prefix = "caption_" if "caption" in content else ""
    return content.get("caption" if prefix else "text", ""), content.get(f"{prefix}entities", [])


def content_kind(content: Json) -> str:
    """Return the kind of a message: text, photo, contact, ..."""
    auxiliary_fields = {"entities", "caption", "caption_entities", "link_preview_options", "has_media_spoiler",
              "show_caption_above_media"}  # fmt: skip
    return next((name for name in content if name not in auxiliary_fields), "")


@dataclass(frozen=True)
class Entity:
    """A formatted or linked part of a text."""

    type: str
    text: str
    url: str | None = None

    @classmethod
    def from_json(cls, text: str, item: Json) -> "Entity":
        """Return the entity with the part of the text that it covers."""
        return cls(item["type"], slice_units(text, item["offset"], item["length"]), item.get("url"))


@dataclass(frozen=True)
class Button:
    """A button under a message."""

    text: str
    data: str | None = None
    url: str | None = None

    @classmethod
    def from_json(cls, item: Json) -> "Button":
        """Return the button of an inline keyboard."""
        return cls(item["text"], item.get("callback_data"), item.get("url"))


@dataclass(frozen=True)
class MessageView:
    """A snapshot of a message; ``touched`` grows with each post and edit."""

    id: int
    chat_id: int
    sender_id: int
    from_bot: bool
    kind: str
    text: str
    entities: tuple[Entity, ...]
    buttons: tuple[tuple[Button, ...], ...]
    edited: bool
    reply_to: int | None
    thread_id: int | None
    touched: int
    reaction: tuple[str, ...]
    raw: Json = field(repr=False)

    @property
    def button_labels(self) -> list[str]:
        """The texts of all inline buttons, in reading order."""
        return [button.text for row in self.buttons for button in row]


@dataclass(frozen=True)
class Violation:
    """A call that a correct bot never makes.

    ``kind`` is "schema" (not as documented), "limit" (over a limit), "flood" (too early or too fast) or
    "fake Telegram" (not implemented here, or a bug here).
    """

    kind: str
    method: str
    problem: str


@dataclass(frozen=True)
class RecordedCall:
    """A call and its answer; status 0 if no answer was sent."""

    method: str
    params: Json
    finished_at: float
    status: int
    response: Any
    duration_ms: float = 0.0
