"""The domain's types: what comes in, what goes out, what is remembered. Frozen, without Telegram."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.consultation import Form, Sent
from bot.effects import Effect
from bot.selfcheck import Check


class Kind(StrEnum):
    """What a person did."""

    TEXT = "text"
    EDITED = "edited"
    COMMAND = "command"
    BUTTON = "button"
    INLINE = "inline"  # what somebody types after the bot's name, in any chat
    OTHER = "other"  # photo, voice, sticker, file, poll, …
    REMOVED = "removed"  # the bot is no longer in the group
    MOVED = "moved"  # the group was turned into a supergroup; the text is its new id


WRITTEN = (Kind.TEXT, Kind.EDITED, Kind.OTHER)


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
    html: str = ""
    what: str = ""
    file: str = ""
    thread_id: int = 0
    addressed: bool = True
    member: bool = False
    written: float = 0.0
    album: str = ""
    captions: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The key of the person's state: each person of a group has their own."""
        return f"{self.chat_id}:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Album:
    """What an adviser sent as an album: the messages of it that were brought to the person, or that it is a note."""

    id: str
    messages: tuple[int, ...] = ()
    note: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one person in one chat. ``lang`` is empty where the person chose none.

    ``last_message`` held the last question, ``last_context`` is the entry on which it could lean: with them it can be
    answered once more. ``form`` is the request for advice being filled in, ``sent`` the one that was sent last,
    ``rated`` the closed request whose comment is awaited. ``step`` is the step of the introduction shown last,
    ``audience`` for whom its examples are, ``read`` holds the steps that were shown, and ``touring`` says whether the
    person is in the middle of it. ``shown`` is the start parameter of what was seen last, ``check`` the self-check
    being filled in. ``asked`` counts the questions of the ``minute`` that began then (Unix time), ``taps`` the
    buttons tapped since ``taps_since``, see `bot.flows.burst`. ``improve`` is what the person said to having
    questions kept: the version of the wording they agreed to, `NO`, or "" where they were not asked. ``known`` says
    that the state was read from the store: where it is not there any more, it was deleted meanwhile. ``albums`` are
    the last ones that an adviser sent in their chat, ``unanswered`` is the message (number and text) that a person
    with an open request can pass on to the advisers. ``guesses`` are the times (Unix) at which a team's code was
    tried that does not exist, ``new_codes`` those at which one was made, see `bot.flows.team_codes`.
    """

    lang: str = ""
    last_question: str = ""
    last_entry: str = ""
    last_message: int = 0
    last_context: str = ""
    step: int = 0
    form: Form | None = None
    rated: str = ""
    audience: str = ""
    touring: bool = False
    shown: str = ""
    check: Check | None = None
    read: tuple[int, ...] = ()
    improve: str = ""
    known: bool = field(default=False, compare=False)
    minute: float = 0.0
    asked: int = 0
    albums: tuple[Album, ...] = ()
    unanswered: tuple[int, str] = (0, "")
    taps: int = 0
    taps_since: float = 0.0
    sent: Sent | None = None
    guesses: tuple[float, ...] = ()
    new_codes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. ``data`` has at most 64 bytes; with ``url`` it opens an address instead."""

    label: str
    data: str = ""
    url: str = ""


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A file drawn when it is sent; ``kind`` says how (see `bot.drawings`), ``values`` from what, as JSON."""

    kind: str
    values: Mapping[str, Any]
    document: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """A new message. ``question`` is the message it answers; an edit of that one edits this one.

    ``request`` is the reference of the request it belongs to, so that a reply to it finds its way; with ``desk`` it
    goes to that request's thread at the advisers.
    """

    html: str
    keyboard: Keyboard = ()
    chat_id: int | None = None  # None: the chat of the event
    question: int | None = None
    reply_to: int | None = None
    request: str = ""
    desk: bool = False
    drawing: Drawing | None = None  # the text becomes its caption: at most 1,024 characters


@dataclass(frozen=True, slots=True)
class Copy:
    """A message of the event's chat, by default the event's, brought to the other side of a request."""

    request: str
    chat_id: int
    desk: bool = False
    replies: tuple[int, int] | None = None  # chat and id of the message whose counterpart this one replies to
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The edit of a message that was brought to the other side."""

    request: str
    chat_id: int
    html: str
    caption: bool = False


@dataclass(frozen=True, slots=True)
class Retract:
    """What was brought to the other side of a message in the event's chat is deleted there."""

    request: str
    chat_id: int
    message: int


@dataclass(frozen=True, slots=True)
class Update:
    """The card of a request at the advisers shows how it stands now; a new one is opened with it."""

    request: str


@dataclass(frozen=True, slots=True)
class Post:
    """The request goes to its contact by e-mail."""

    request: str


@dataclass(frozen=True, slots=True)
class Change:
    """New content for a message of ours, a known one or the one that answers ``question``; a picture stays one."""

    html: str
    keyboard: Keyboard = ()
    message_id: int | None = None
    question: int | None = None
    drawing: Drawing | None = None


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


@dataclass(frozen=True, slots=True)
class Alarm:
    """The operator is to know that the bot is no longer in the advisers' chat."""


Message = Say | Change | Card | Toast | Copy | Rewrite | Retract | Update | Post | Alarm


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a question; ``confidence`` is the probability, ``entries`` are those shown or offered."""

    question: str
    status: str
    confidence: float
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one event: the new state, what to send, what to keep, and what was decided on questions."""

    state: State
    messages: tuple[Message, ...] = ()
    effects: tuple[Effect, ...] = ()
    decided: tuple[Decided, ...] = ()
