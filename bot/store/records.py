"""The values that go into the store and come out of it, besides those of `bot.domain`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.message import AlertOperator, RefreshCard, SendMail

MAIN_TENANT = "main"  # an installation's own bot; others may share it
SourceMessage = tuple[int, int]  # chat and id of a message that a person wrote


class Destination(StrEnum):
    """Where in its chat a call belongs."""

    CHAT = ""
    THREAD = "thread"  # the thread of its request in the advisers' chat, which is opened if there is none


class ErasureReason(StrEnum):
    """Why a request is deleted."""

    REQUESTER = "person"
    RETENTION = "time"


class ErasureResult(StrEnum):
    """What is left of a message of a deleted request."""

    DELETED = ""
    EMPTIED = "emptied"  # it is still there, without its text
    UNDELETABLE = "left"  # Telegram does not allow it


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of the Bot API to be made.

    Attributes:
        source: the person's message that caused a new message, so that an edit of that message edits this one.
        edit_of: the call changes the message caused by this one; the message's id is looked up when the call is made.
        reply_to: the new message replies to what this message caused in the chat.
        reference: the request it belongs to, "" for none.
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


MailCall = SendMail | RequestMailDeletion | AlertOperator
OutgoingCall = ApiCall | RefreshCard | EraseThread | MailCall
DELETE_RELAYED = "deleteMessage"  # the method that deletes the copy of a message that its author retracted
MAX_UNLIMITED_CALLS = 20  # made at once, of the calls that Telegram does not limit
SENDING_DUTY = "lead"  # the duty of the process that sends, and does what is due as time passes
POLLING_DUTY = "poll"  # the duty of the process that polls; a worker, which never polls, may send at the same time


@dataclass(frozen=True, slots=True)
class AdviserThread:
    """A request's place in the advisers' chat: a topic of a forum, or (``thread_id`` 0) the replies to its card.

    Attributes:
        card: the message at its top; 0 if it is not there yet.
        history_length: while it is being opened, the number of earlier lines of the transcript to be sent to it.
        history_sent: how many messages of those are sent; None once it is open.
    """

    chat_id: int
    thread_id: int
    card: int
    history_length: int = 0
    history_sent: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """A message about a request; ``is_queued`` says that its copy has not reached the advisers yet."""

    side: str
    text: str
    created: float
    is_queued: bool = False


@dataclass(frozen=True, slots=True)
class QueuedCall:
    """An outgoing call in the queue.

    Attributes:
        chat_id: the chat whose queue it is in; all e-mails share one queue, which is no chat's.
        attempts: how often it failed so far.
        rate_limited: whether it counts against Telegram's limits.
        lane: its lane in that queue, see `Store.due_calls`.
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
