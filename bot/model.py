"""The domain's types: what comes in, what goes out, what is remembered. Frozen, without Telegram."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a person did."""

    TEXT = "text"
    EDITED = "edited"
    COMMAND = "command"
    BUTTON = "button"
    OTHER = "other"  # photo, voice, sticker, file, poll, …


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person did in a chat. ``text`` is the message, a command's arguments, or a button's data."""

    update_id: int
    kind: Kind
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

    @property
    def key(self) -> str:
        """The key of the person's state: each person of a group has their own."""
        return f"{self.chat_id}:{self.user_id}"


class Stage(StrEnum):
    """Where a person is in the request for advice."""

    NONE = ""
    ASKED = "asked"  # the next message is the request's text
    CONFIRM = "confirm"  # the text waits for consent


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one person in one chat. ``lang`` is empty where the person chose none.

    ``last_message`` is the id of the message that held the last question, and ``last_context`` the entry on which it
    could lean: with them it can be answered once more, after an edit or to explain the answer.
    """

    lang: str = ""
    last_question: str = ""
    last_entry: str = ""
    last_message: int = 0
    last_context: str = ""
    stage: Stage = Stage.NONE
    draft: str = ""
    step: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. ``data`` has at most 64 bytes."""

    label: str
    data: str


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Say:
    """A new message. ``question`` is the message it answers; an edit of that one edits this one.

    ``request`` is the reference of the request it belongs to, so that a reply to it finds its way.
    """

    html: str
    keyboard: Keyboard = ()
    chat_id: int | None = None  # None: the chat of the event
    question: int | None = None
    reply_to: int | None = None
    request: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """New content for a message of ours: a known one, or the one that answers ``question``."""

    html: str
    keyboard: Keyboard = ()
    message_id: int | None = None
    question: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A contact as Telegram shows it, to be saved with one tap."""

    name: str
    phone: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Toast:
    """The answer to a tapped button; may be empty."""

    text: str = ""


Message = Say | Change | Card | Toast


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb on an answer."""

    entry: str
    value: int


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request for advice to be kept."""

    reference: str
    text: str
    lang: str
    consent: str  # the version of the wording the person agreed to


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete everything held on the person."""


Effect = Feedback | NewRequest | Forget


@dataclass(frozen=True, slots=True)
class Request:
    """A kept request. ``created`` is UTC, ISO 8601."""

    reference: str
    chat_id: int
    user_id: int
    name: str
    text: str
    lang: str
    status: str
    consent: str
    created: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one event: the new state, what to send, what to keep."""

    state: State
    messages: tuple[Message, ...] = ()
    effects: tuple[Effect, ...] = ()
