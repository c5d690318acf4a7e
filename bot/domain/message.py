"""What the bot says and does in a chat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. ``data`` has at most 64 bytes; with ``url`` it opens an address instead."""

    label: str
    data: str = ""
    url: str = ""


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file drawn when it is sent; ``kind`` says how (see `bot.attachments`), ``values`` from what, as JSON."""

    kind: str
    values: Mapping[str, Any]
    as_document: bool = False


@dataclass(frozen=True, slots=True)
class SendMessage:
    """A new message. ``question`` is the message it answers; an edit of that one edits this one.

    ``request`` is the reference of the request it belongs to, so that a reply to it finds its way; with ``desk`` it
    goes to that request's thread at the advisers.
    """

    html: str
    keyboard: Keyboard = ()
    chat_id: int | None = None  # None: the chat of the event
    question_id: int | None = None
    reply_to: int | None = None
    reference: str = ""
    to_advisers: bool = False
    attachment: Attachment | None = None  # the text becomes its caption: at most 1,024 characters


@dataclass(frozen=True, slots=True)
class RelayMessage:
    """A message of the event's chat, by default the event's, brought to the other side of a request."""

    reference: str
    chat_id: int
    to_advisers: bool = False
    reply_to: tuple[int, int] | None = None  # chat and id of the message whose counterpart this one replies to
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class EditRelayed:
    """The edit of a message that was brought to the other side."""

    reference: str
    chat_id: int
    html: str
    is_caption: bool = False


@dataclass(frozen=True, slots=True)
class DeleteRelayed:
    """What was brought to the other side of a message in the event's chat is deleted there."""

    reference: str
    chat_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class RefreshCard:
    """Bring a request's card in the advisers' chat up to date; the first one opens its thread there."""

    reference: str
    chat_id: int | None = None  # the advisers' chat, filled in when this is queued


@dataclass(frozen=True, slots=True)
class SendMail:
    """The request goes to its contact by e-mail."""

    reference: str


@dataclass(frozen=True, slots=True)
class EditMessage:
    """New content for a message of ours, a known one or the one that answers ``question``; a picture stays one."""

    html: str
    keyboard: Keyboard = ()
    message_id: int | None = None
    question_id: int | None = None
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class SendContact:
    """A contact as Telegram shows it, to be saved with one tap."""

    name: str
    phone: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class AnswerCallback:
    """The answer to a tapped button; may be empty."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class AlertOperator:
    """The operator is to know that the bot is no longer in the advisers' chat."""


Message = (
    SendMessage
    | EditMessage
    | SendContact
    | AnswerCallback
    | RelayMessage
    | EditRelayed
    | DeleteRelayed
    | RefreshCard
    | SendMail
    | AlertOperator
)
