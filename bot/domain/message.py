"""Messages that the bot sends, edits and relays."""

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
    """A file rendered from JSON values when it is sent; ``kind`` names its renderer in `bot.attachments`."""

    kind: str
    values: Mapping[str, Any]
    as_document: bool = False


@dataclass(frozen=True, slots=True)
class SendMessage:
    """A new message.

    Attributes:
        chat_id: None for the event's chat.
        question_id: id of the message that it answers; an edit of that one edits this one.
        reply_to: id of the message that it replies to.
        reference: of its request, so that a reply to it can be routed; "" for none.
        to_advisers: send it to that request's thread in the advisers' chat.
        attachment: if there is one, the text is its caption, of at most 1,024 characters.
    """

    html: str
    keyboard: Keyboard = ()
    chat_id: int | None = None
    question_id: int | None = None
    reply_to: int | None = None
    reference: str = ""
    to_advisers: bool = False
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class RelayMessage:
    """A message of the event's chat, by default the event's, copied to the other side of a request.

    Attributes:
        chat_id: where it is copied to.
        reply_to: chat and id of the message whose counterpart the copy replies to.
        message_id: None for the event's message.
        album: ids of messages that are copied together with it, as one album.
        heading: a line in Telegram HTML that is sent before the copy; "" for none.
        html: text or caption of the copy, if it has another one than the message; a text is then sent anew.
        is_caption: whether ``html`` is a caption.
    """

    reference: str
    chat_id: int
    to_advisers: bool = False
    reply_to: tuple[int, int] | None = None
    message_id: int | None = None
    album: tuple[int, ...] = ()
    heading: str = ""
    html: str = ""
    is_caption: bool = False


@dataclass(frozen=True, slots=True)
class EditRelayed:
    """The edit of a copy, because the event edited its original."""

    reference: str
    chat_id: int
    html: str
    is_caption: bool = False


@dataclass(frozen=True, slots=True)
class DeleteRelayed:
    """The deletion of the copy of a message in the event's chat."""

    reference: str
    chat_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class ConfirmNote:
    """The sign at the event's message that it stays among the advisers of a request."""

    reference: str


@dataclass(frozen=True, slots=True)
class RetireButtons:
    """A new text, without buttons, for a message in a request's thread that was sent under a number."""

    reference: str
    number: int
    html: str


@dataclass(frozen=True, slots=True)
class RefreshCard:
    """Update a request's card in the advisers' chat; the first update opens its thread there."""

    reference: str
    chat_id: int | None = None  # the advisers' chat, filled in when this is queued


@dataclass(frozen=True, slots=True)
class SendMail:
    """An e-mail with a request to its contact."""

    reference: str


@dataclass(frozen=True, slots=True)
class SendWithdrawalMail:
    """An e-mail that a request is withdrawn, or with ``undone`` no longer is, to the contact who got it by e-mail."""

    reference: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class EditMessage:
    """New content for a message of the bot, given by its id or the question it answers; a picture stays a picture."""

    html: str
    keyboard: Keyboard = ()
    message_id: int | None = None
    question_id: int | None = None
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class EditKeyboard:
    """Other buttons below a message of the bot, whose content stays."""

    keyboard: Keyboard
    message_id: int


@dataclass(frozen=True, slots=True)
class SendContact:
    """A contact that can be saved with one tap."""

    name: str
    phone: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class AnswerCallback:
    """The answer to a tapped button; with a text it is shown as a short notice."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class ShowCommandMenu:
    """The menu of the event's chat: commands with their descriptions; with none, the chat has the published menu."""

    commands: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AlertOperator:
    """An alert to the operator that the bot was removed from the advisers' chat."""


RequestMessage = (
    RelayMessage
    | EditRelayed
    | DeleteRelayed
    | ConfirmNote
    | RetireButtons
    | RefreshCard
    | SendMail
    | SendWithdrawalMail
)
ShownMessage = SendMessage | EditMessage | EditKeyboard | SendContact
Message = ShownMessage | AnswerCallback | ShowCommandMenu | RequestMessage | AlertOperator


def truncate_text(text: str, limit: int, *, at_word: bool = False) -> str:
    """Return a text of at most ``limit`` characters, ending in an ellipsis if something is cut off.

    With ``at_word`` the cut is made between words, and the ellipsis may exceed the limit by two characters.
    """
    if len(text) <= limit:
        return text
    return (text[:limit].rsplit(" ", 1)[0] if at_word else text[: limit - 2].rstrip()) + " …"
