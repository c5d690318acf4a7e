"""What a turn has the store keep, change or delete."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.consultation import Request, Side


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb on an answer."""

    entry: str
    value: int


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request for advice to be kept."""

    request: Request


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A request as it is from now on; refused where it was changed since its ``version`` was read."""

    request: Request


@dataclass(frozen=True, slots=True)
class Said:
    """Something said about a request, for its transcript, by a message of the event's chat; None is its own."""

    reference: str
    side: Side
    text: str
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """The event's message was edited: this is what it says in the transcript from now on."""

    reference: str
    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Messages of the event's chat go to nobody: they leave the transcript, and what waits to be sent is dropped."""

    reference: str
    messages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat of the event has another id from now on."""

    new: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete everything held on the person."""


@dataclass(frozen=True, slots=True)
class KeepQuestion:
    """A question is kept to improve the answer it got; ``consent`` is the wording that the person agreed to."""

    question: str
    entry: str
    consent: str


@dataclass(frozen=True, slots=True)
class DropQuestions:
    """The person's kept questions are deleted."""


@dataclass(frozen=True, slots=True)
class NewCheck:
    """A finished self-check of the person; with a ``code`` it is part of what is shown together under it."""

    answers: Mapping[str, int | None]
    code: str = ""


@dataclass(frozen=True, slots=True)
class ShareCheck:
    """Answers that the person told before become part of what is shown together under a code."""

    answers: Mapping[str, int | None]
    code: str


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code under which several people fill in the self-check."""

    code: str


@dataclass(frozen=True, slots=True)
class LeaveCode:
    """The person's part of what is shown together under a code is taken out."""

    code: str


Effect = (
    Feedback | NewRequest | ChangeRequest | Said | Corrected | TakenBack | Moved | Forget | NewCheck | ShareCheck
    | NewCode | LeaveCode | KeepQuestion | DropQuestions
)  # fmt: skip
