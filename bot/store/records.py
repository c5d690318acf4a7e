"""The values that the store takes and returns, besides those of `bot.domain`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.message import AlertOperator, RefreshCard, SendMail, SendWithdrawalMail

MAIN_TENANT = "main"  # an installation's own bot; others may share it
SourceMessage = tuple[int, int]  # chat and id of a message that a person wrote


class Destination(StrEnum):
    """Where in its chat a call goes."""

    CHAT = ""
    THREAD = "thread"  # the thread of its request in the advisers' chat, which is opened if there is none


class ErasureReason(StrEnum):
    """Why a request is deleted."""

    REQUESTER = "person"
    RETENTION = "time"


class ErasureResult(StrEnum):
    """What remains of a message of a deleted request."""

    DELETED = ""
    EMPTIED = "emptied"  # it remains, without its text
    UNDELETABLE = "left"  # Telegram does not allow it


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of the Bot API to be made.

    Attributes:
        source: the person's message that caused the new message, so that an edit of the former edits the latter.
        edit_of: the source of the message that the call changes, whose id is looked up when the call is made.
        reply_to: the source of the message that the new message replies to.
        reference: the request it belongs to; "" for none.
    """

    chat_id: int
    method: str
    params: dict[str, Any]
    source: SourceMessage | None = None
    edit_of: SourceMessage | None = None
    reply_to: SourceMessage | None = None
    reference: str = ""
    destination: Destination = Destination.CHAT


@dataclass(frozen=True, slots=True)
class EraseThread:
    """Erase a deleted request from the advisers' chat."""

    chat_id: int
    reference: str
    reason: ErasureReason


@dataclass(frozen=True, slots=True)
class RequestMailDeletion:
    """Ask a contact by e-mail to delete the e-mail about a deleted request as well."""

    reference: str
    contact: str


MailCall = SendMail | SendWithdrawalMail | RequestMailDeletion | AlertOperator
OutgoingCall = ApiCall | RefreshCard | EraseThread | MailCall
COPY_ALBUM = "copyMessages"  # the method that copies several messages at once, as one album
DELETE_RELAYED = "deleteMessage"  # the method that deletes the copy of a message that its author retracted
SET_MENU, DELETE_MENU = "setMyCommands", "deleteMyCommands"  # the methods for the command menu of a chat
SET_REACTION = "setMessageReaction"  # the method that shows at a relayed message that it has arrived
MAX_UNLIMITED_CALLS = 20  # made at once, of the calls that Telegram does not limit
SENDING_DUTY = "lead"  # of the process that sends calls and handles deadlines
POLLING_DUTY = "poll"  # of the process that polls; a worker, which never polls, may send at the same time


@dataclass(frozen=True, slots=True)
class AdviserThread:
    """A request's place in the advisers' chat: a topic of a forum, or (``thread_id`` 0) the replies to its card.

    Attributes:
        card: the message at its top; 0 if it has not been sent yet.
        history_length: while it is being opened, the number of earlier transcript lines to send to it.
        history_sent: how many messages with these were sent; None once it is open.
        title: the name of the topic as it was last set; "" if that is unknown.
    """

    chat_id: int
    thread_id: int
    card: int
    history_length: int = 0
    history_sent: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class RelayedMessage:
    """What was sent to a requester: the message it is a copy of, or the number under which it was sent.

    Attributes:
        album: the first message of the album that it was sent with; None without one.
        user_id: who sent it.
        created: when, as Unix time.
    """

    number: int
    user_id: int | None
    created: float
    album: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """A message about a request; ``is_queued`` if its copy has not reached the advisers, ``message`` where it was."""

    side: str
    text: str
    created: float
    is_queued: bool = False
    message: tuple[int | None, int | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who wrote or tapped in an advisers' chat; ``username`` is "" if they have none, ``seen`` Unix time."""

    user_id: int
    name: str
    username: str
    seen: float


@dataclass(frozen=True, slots=True)
class QueuedCall:
    """An outgoing call in the queue.

    Attributes:
        chat_id: the chat whose queue it is in; all e-mails share the queue 0.
        attempts: number of failed attempts so far.
        rate_limited: whether it counts towards Telegram's limits.
        lane: its lane in that queue, see `OutboxRepository.due_calls`.
    """

    id: int
    chat_id: int
    call: OutgoingCall
    attempts: int
    rate_limited: bool = True
    lane: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedUpdate:
    """An update to be handled, and whether another one of its chat is waiting."""

    update_id: int
    body: str
    more_waiting: bool
