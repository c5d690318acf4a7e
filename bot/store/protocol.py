"""What the rest of the bot asks of a store. Nothing here presumes that only one process uses it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.consultation import Request
from bot.domain.effects import Effect
from bot.domain.event import Event
from bot.domain.message import AlertOperator, RefreshCard, SendMail
from bot.domain.selfcheck import SelfCheckResult, Team
from bot.domain.turn import State

SourceMessage = tuple[int, int]  # chat and id of a message that a person wrote


class Destination(StrEnum):
    """Where in its chat a call belongs."""

    CHAT = ""
    THREAD = "thread"  # the thread of its request at the advisers, which is opened where there is none


class ErasureReason(StrEnum):
    """Why a request is deleted."""

    REQUESTER = "person"
    RETENTION = "time"


class ErasureResult(StrEnum):
    """What is left of a message of a deleted request."""

    DELETED = ""
    EMPTIED = "emptied"  # it stands there without its text
    UNDELETABLE = "left"  # Telegram does not let us


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
MAX_UNLIMITED_CALLS = 20  # calls made at once of those that Telegram does not limit


SENDING_DUTY = "lead"  # the duty of the process that sends, and does what is due with time
POLLING_DUTY = "poll"  # the duty of the process that polls: a worker, which never does, may send at the same time


@dataclass(frozen=True, slots=True)
class AdviserThread:
    """Where a request is at the advisers: a topic of a forum, or (``thread_id`` 0) the replies to its card.

    Attributes:
        card: the message at its top; 0 where it is not there yet.
        lines: while it is being opened, how many lines were said before and are to be told in it.
        told: how many messages of that are sent; None once it is open.
    """

    chat_id: int
    thread_id: int
    card: int
    history_length: int = 0
    history_sent: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """Something that was said about a request; ``waits`` says that its copy is not with the advisers yet."""

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
    """An update to be handled, and whether another one of its chat waits behind it."""

    update_id: int
    body: str
    more_waiting: bool


class Store(Protocol):
    """Durable state. Every method is one transaction and may be called from any thread.

    Each raises StoreUnavailable, and has changed nothing, where it may work later; other StoreErrors do not pass.
    """

    def close(self) -> None:
        """Let go of it; later calls raise StoreError."""

    def try_acquire_leadership(self, duty: str = SENDING_DUTY) -> int:
        """Whether a duty is this process's: of a bot's processes one at a time has it.

        0 if another one has it; else a number that changes if another one may have had it in between.
        """

    async def listen_for_calls(self, on_queued: Callable[[], None]) -> None:
        """Call ``heard`` whenever another process may have queued something, until cancelled."""

    def check_writable(self) -> None:
        """Write without changing anything; raises StoreError where that fails."""

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Write updates (id, chat key, JSON) down; returns the ids not seen before."""

    def pending_updates(self) -> list[tuple[int, str]]:
        """Updates not done yet as (id, chat key), in order; without their bodies, which may be many."""

    def claim_update(self, chat_key: str, excluded: Collection[int]) -> ClaimedUpdate | None:
        """A chat's oldest update that is not done, nor one of ``without``; None where there is none, or where another
        process handles the chat. Until `release` no other process gets one of this chat.
        """

    def release_chat(self, chat_key: str, excluded: Collection[int]) -> bool:
        """Let go of a chat; says whether an update of it, none of ``without``, is not done yet."""

    def waiting_updates(self, chat_key: str) -> list[str]:
        """A chat's next updates that are not done, as JSON, in order."""

    def finish_update(
        self,
        update_id: int,
        event: Event | None,
        state: State | None,
        calls: Sequence[OutgoingCall],
        effects: Sequence[Effect],
    ) -> bool:
        """Mark an update done with all that follows from it; False, and no change, where it was done before.

        Raises Conflict, and changes nothing, where a request to change has been changed, or the state has been
        deleted, since it was read.
        """

    def apply(self, calls: Sequence[OutgoingCall], effects: Sequence[Effect]) -> None:
        """Write down what follows from no update but from the time; raises Conflict as `finish` does."""

    def load_state(self, key: str) -> State:
        """A person's state; a fresh one where nothing is known."""

    def due_calls(
        self,
        now: float,
        limit: int = -1,
        in_flight: Collection[int] = (),
        paused_chats: Collection[int] = (),
        served_lanes: Collection[str] = (),
    ) -> list[QueuedCall]:
        """For each chat the call to make next: the oldest of one of its lanes, if it does not wait for its time.

        Calls of one lane are made in order; a call that has to wait holds up its own lane only. Each request has a
        lane in the advisers' chat and one for its e-mails; everything else that goes to a chat is one lane. Lanes
        that are not in ``served`` come first, so that they take turns. Calls that Telegram does not limit have lanes
        of their own; at most `MOST_BESIDE` of them are given. Of the limited ones at most ``most`` (-1 for all) are
        given: first those of chats for which something about a request for advice waits, then answers to questions,
        then the rest, each the oldest first. Left out are the calls ``under_way``, the limited ones to chats that are
        ``resting``, and e-mails if their queue is. A call that cannot be read fails.
        """

    def next_due_time(self, after: float = -1.0) -> float | None:
        """The earliest time (Unix) behind ``after`` for which the oldest call of a lane waits."""

    def save_rate_limits(self, until_by_chat: Mapping[int, float]) -> None:
        """Telegram asks to send nothing to these chats until a time (Unix); chat 0 stands for all."""

    def rate_limits(self) -> dict[int, float]:
        """What `hold` wrote down and may still hold."""

    def record_group_call(self, chat_id: int, called_at: float) -> None:
        """A call that Telegram counts is made to a group."""

    def group_calls(self, since: float) -> list[tuple[int, float]]:
        """The calls to groups since a time (at most two minutes ago) as (chat, time), the oldest first."""

    def find_reply_to(self, chat_id: int, source: SourceMessage) -> int | None:
        """The id of the message in a chat that a person's message caused: its answer, or its copy."""

    def find_source(self, chat_id: int, message_id: int) -> SourceMessage | None:
        """The message that caused this one of ours."""

    def mark_sent(self, call_id: int, message_id: int | None) -> None:
        """A call succeeded; ``message_id`` is the new message's id where there is one.

        Its text is not kept, and nothing at all where no later edit or reply can need it.
        """

    def mark_failed(self, call_id: int, reason: str, notices: Sequence[OutgoingCall] = ()) -> None:
        """A call failed for good; ``out`` tells those who should know."""

    def postpone_call(self, call_id: int, until: float) -> None:
        """A call failed for now; try again from ``until`` (Unix time)."""

    def count_queued_calls(self, chat_id: int | None = None) -> int:
        """How many calls wait to be made, all or those to one chat."""

    def all_requests(self) -> list[Request]:
        """All requests, the oldest first."""

    def active_requests(self) -> list[Request]:
        """The requests that are not closed, the oldest first."""

    def find_request(self, reference: str) -> Request | None:
        """The request with this reference."""

    def find_request_by_message(self, chat_id: int, message_id: int) -> Request | None:
        """The request that a message belongs to: one of ours, or one that was passed on."""

    def find_request_by_topic(self, chat_id: int, thread_id: int) -> Request | None:
        """The request whose topic this is."""

    def requests_by_user(self, user_id: int) -> list[Request]:
        """A person's own requests, the newest first."""

    def leave_thread(self, reference: str) -> None:
        """A request goes on in another chat; what there is of it in the present one is noted for its deletion."""

    def request_topics(self, reference: str) -> list[SourceMessage]:
        """The topics of a request as (chat, topic), in the advisers' chat and in those that were it before."""

    def record_topic_erasure(self, reference: str, topic: SourceMessage) -> None:
        """A topic of a deleted request is deleted."""

    def find_thread(self, reference: str) -> AdviserThread | None:
        """Where a request is at the advisers; None where it has no place there (any more)."""

    def save_thread(self, reference: str, thread: AdviserThread | None) -> None:
        """A request has its place at the advisers; with None it has lost it."""

    def load_transcript(self, reference: str) -> list[TranscriptLine]:
        """What was said about a request, the oldest first."""

    def recent_selfchecks(self, user_id: int) -> list[SelfCheckResult]:
        """A person's last two self-checks, the newest first; older ones are not kept."""

    def team_codes(self, user_id: int) -> dict[str, bool]:
        """The codes under which the person told their answers, the newest first; whether they are in a picture."""

    def find_team(self, code: str) -> Team | None:
        """The people under a code; None where there is no such code."""

    def oldest_queued_at(self) -> float | None:
        """Since when (Unix time) the oldest queued call waits; None where none does."""

    def count_pending_updates(self) -> int:
        """How many updates are written down but not done yet."""

    def last_activity(self) -> float | None:
        """When (Unix time) something was last written down; None for an empty store."""

    def request_counts(self) -> dict[str, int]:
        """How many requests there are, by status."""

    def current_chat_id(self, chat_id: int) -> int:
        """The id that a chat has now: another where a group was turned into a supergroup."""

    def migrate_chat(self, old_id: int, new_id: int) -> None:
        """A group was turned into a supergroup: what waits for it goes there."""

    def redirect_adviser_calls(self, adviser_chat: int) -> None:
        """What waits for the advisers goes to this chat, whichever was theirs when it was queued."""

    def load_personal_data(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        """Everything held on a person, by table (see `bot.store.personal_data`).

        "advised" are requests that they took.
        """

    def purge_expired(self, before: float) -> int:
        """Delete what is older than a Unix time, closed requests with their copies; returns the number of rows.

        A request that is not closed stays whole.
        """

    def erasure_queue(self, reference: str) -> list[SourceMessage]:
        """The messages in the advisers' chat that belong to a deleted request and are still to be deleted."""

    def record_erasure(self, reference: str, message: SourceMessage, result: ErasureResult) -> None:
        """A message of a deleted request is deleted, or what is left of it."""

    def undeletable_messages(self, reference: str) -> list[SourceMessage]:
        """The messages of a deleted request that Telegram does not let us delete."""

    def record_posted_message(self, reference: str, message: SourceMessage) -> None:
        """A message that no call of the queue brought stands in a request's thread."""

    def find_erased_request(self, chat_id: int, thread_id: int, message_id: int | None) -> str | None:
        """The reference of the deleted request that a topic or a message belonged to."""

    def was_mailed(self, reference: str) -> bool:
        """Whether the mail about a request was taken by the mail server, or may be at this moment."""

    def consented_questions(self) -> list[tuple[str, str, float]]:
        """The questions that people let be kept: text, entry that answered, Unix time; the oldest first."""

    def feedback_counts(self) -> list[tuple[str, int, int]]:
        """For each entry with thumbs, how many point up and down."""
