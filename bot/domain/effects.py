"""What a turn has the store keep, change or delete."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.consultation import Party, Request


@dataclass(frozen=True, slots=True)
class SaveFeedback:
    """A thumb on an answer."""

    entry: str
    value: int


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """A request for advice to be kept."""

    request: Request


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """A request as it is from now on; refused where it was changed since its ``version`` was read."""

    request: Request


@dataclass(frozen=True, slots=True)
class AppendTranscript:
    """Something said about a request, for its transcript, by a message of the event's chat; None is its own."""

    reference: str
    side: Party
    text: str
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class CorrectTranscript:
    """The event's message was edited: this is what it says in the transcript from now on."""

    reference: str
    side: Party
    text: str


@dataclass(frozen=True, slots=True)
class RetractMessages:
    """Messages of the event's chat go to nobody: they leave the transcript, and what waits to be sent is dropped."""

    reference: str
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MigrateChat:
    """The chat of the event has another id from now on."""

    new_chat_id: int


@dataclass(frozen=True, slots=True)
class ErasePerson:
    """Delete everything held on the person."""


@dataclass(frozen=True, slots=True)
class SaveQuestion:
    """A question is kept to improve the answer it got; ``consent`` is the wording that the person agreed to."""

    question: str
    entry: str
    consent: str


@dataclass(frozen=True, slots=True)
class DeleteQuestions:
    """The person's kept questions are deleted."""


@dataclass(frozen=True, slots=True)
class SaveSelfCheck:
    """A finished self-check of the person; with a ``code`` it is part of what is shown together under it."""

    answers: Mapping[str, int | None]
    code: str = ""


@dataclass(frozen=True, slots=True)
class ShareSelfCheck:
    """Answers that the person told before become part of what is shown together under a code."""

    answers: Mapping[str, int | None]
    code: str


@dataclass(frozen=True, slots=True)
class CreateTeamCode:
    """A code under which several people fill in the self-check."""

    code: str


@dataclass(frozen=True, slots=True)
class LeaveTeam:
    """The person's part of what is shown together under a code is taken out."""

    code: str


Effect = (
    SaveFeedback
    | CreateRequest
    | UpdateRequest
    | AppendTranscript
    | CorrectTranscript
    | RetractMessages
    | MigrateChat
    | ErasePerson
    | SaveSelfCheck
    | ShareSelfCheck
    | CreateTeamCode
    | LeaveTeam
    | SaveQuestion
    | DeleteQuestions
)
