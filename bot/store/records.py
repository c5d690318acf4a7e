"""The values that go into the store and come out of it, besides those of `bot.domain`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
class OutgoingCall:
    """A call of the Bot API, or `REFRESH_CARD`, `SEND_MAIL`, `ERASE_THREAD` or `REQUEST_MAIL_DELETION`.

    Attributes:
        source: the message that caused a new message, so that an edit of the former edits the latter.
        edit_of: the call edits the message that this source caused; its id is filled in once it is known.
        reply_to: the new message replies to what this source caused in the chat.
        request: reference of the request it belongs to, "" for none.
    """

    chat_id: int
    method: str
    params: dict[str, Any]
    source: SourceMessage | None = None
    edit_of: SourceMessage | None = None
    reply_to: SourceMessage | None = None
    request: str = ""
    destination: Destination = Destination.CHAT


REFRESH_CARD = "card"  # bring the card at the top of a request's thread up to date
SEND_MAIL = (
    "mail"  # send the request by e-mail; without one, tell the operator that the advisers' chat is out of reach
)
ERASE_THREAD = "erase"  # delete what the advisers' chat holds of a request that was deleted; says `ErasureReason`
REQUEST_MAIL_DELETION = "unpost"  # ask by e-mail that the e-mail about a deleted request be deleted as well
DELETE_RELAYED = "deleteMessage"  # what was brought of a message is deleted where it went
MAX_UNLIMITED_CALLS = (
    20  # calls made at once of those that Telegram does not limit; the others are bounded by the pace
)
MAIL_CHAT = 0  # mails queue in a chat of their own, one at a time: a mail server that is down holds up no messages


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
    """An outgoing call, its number in the queue, how often it was tried, whether Telegram limits such calls, and its
    lane in its chat."""

    id: int
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
