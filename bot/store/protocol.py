"""What the rest of the bot asks of a store. Nothing here presumes that only one process uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.model import Effect, Event, Request, State


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call of the Bot API to be made. ``question`` is the message that a new message answers.

    With ``edit_question`` the call changes the message sent as the answer to that question; its id is filled in
    when it is known.
    """

    chat_id: int
    method: str
    params: dict[str, Any]
    question: int | None = None
    edit_question: int | None = None
    request: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """An outgoing call with its number in the queue and how often it was tried."""

    id: int
    outgoing: Outgoing
    attempts: int


class Store(Protocol):
    """Durable state. Every method is one transaction and may be called from any thread."""

    def add_updates(self, updates: Sequence[tuple[int, str, str]]) -> list[int]:
        """Write updates (id, chat key, JSON) down; returns the ids not seen before."""

    def pending_updates(self) -> list[tuple[int, str, str]]:
        """Updates not done yet as (id, chat key, JSON), in order of arrival."""

    def finish(
        self,
        update_id: int,
        event: Event | None,
        state: State | None,
        out: Sequence[Outgoing],
        effects: Sequence[Effect],
    ) -> bool:
        """Mark an update done with all that follows from it; False, and no change, where it was done before."""

    def state(self, key: str) -> State:
        """A person's state; a fresh one where nothing is known."""

    def due(self, now: float) -> list[Queued]:
        """For each chat without a call still waiting for its time, its oldest queued call."""

    def next_due(self) -> float | None:
        """The earliest time (Unix) at which a waiting call may be tried again."""

    def answer_message(self, chat_id: int, question: int) -> int | None:
        """The id of the message sent as the answer to a question."""

    def sent(self, queued: int, message_id: int | None) -> None:
        """A call succeeded; ``message_id`` is the new message's id where there is one."""

    def failed(self, queued: int, reason: str) -> None:
        """A call failed for good."""

    def postpone(self, queued: int, until: float) -> None:
        """A call failed for now; try again from ``until`` (Unix time)."""

    def waiting(self) -> int:
        """How many calls wait to be made."""

    def requests(self, status: str | None = None) -> list[Request]:
        """Requests, the oldest first; all, or those of one status."""

    def request(self, reference: str) -> Request | None:
        """The request with this reference."""

    def request_of(self, chat_id: int, message_id: int) -> Request | None:
        """The request that a message of ours belongs to."""

    def person(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        """Everything held on a person, by kind."""

    def purge(self, before: float) -> int:
        """Delete what is older than a Unix time and no longer needed; returns the number of rows."""
