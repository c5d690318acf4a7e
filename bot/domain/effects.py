"""Effects: what a turn changes in the store."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.absence import Absence
from bot.domain.consultation import Party, Request
from bot.domain.mail_answer import Mailbox

FLAWS = ("incomplete", "unclear", "wrong", "outdated", "other")  # of an answer


@dataclass(frozen=True, slots=True)
class SaveFeedback:
    """Save a thumb on an answer.

    Attributes:
        value: 1 for up and 0 for down.
        flaw: after a thumb down, what was wrong, one of `FLAWS`; "" if the person did not say.
    """

    entry: str
    value: int
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """Save a new request for advice."""

    request: Request


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """Replace a request; refused if it has changed since its ``version`` was read."""

    request: Request


@dataclass(frozen=True, slots=True)
class AppendTranscript:
    """Add a line to a request's transcript, from a message of the event's chat, by default from the event's.

    ``signed`` says that the copy of the message contains its writer's name, so that its edits must contain it too.
    """

    reference: str
    side: Party
    text: str
    message_id: int | None = None
    signed: bool = False


@dataclass(frozen=True, slots=True)
class CorrectTranscript:
    """Replace the line of the event's message, which was edited, in a request's transcript."""

    reference: str
    side: Party
    text: str


@dataclass(frozen=True, slots=True)
class RetractMessages:
    """Take back messages of the event's chat: remove them from the transcript and drop their queued calls."""

    reference: str
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SaveAbsence:
    """Save that the advisers are away."""

    absence: Absence


@dataclass(frozen=True, slots=True)
class EndAbsences:
    """Delete the absences that were saved."""


@dataclass(frozen=True, slots=True)
class SaveMailbox:
    """Save how far a mailbox was read."""

    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class MigrateChat:
    """Change the id of the event's chat."""

    new_chat_id: int


@dataclass(frozen=True, slots=True)
class ErasePerson:
    """Delete everything stored about the person."""


@dataclass(frozen=True, slots=True)
class SaveQuestion:
    """Save a question in order to improve its answer; ``consent`` is the version of the wording agreed to."""

    question: str
    entry: str
    consent: str


@dataclass(frozen=True, slots=True)
class DeleteQuestions:
    """Delete the person's saved questions."""


@dataclass(frozen=True, slots=True)
class SaveSelfCheck:
    """Save the person's finished self-check; with a ``code`` it also counts for that team."""

    answers: Mapping[str, int | None]
    code: str = ""


@dataclass(frozen=True, slots=True)
class ShareSelfCheck:
    """Count the answers of an earlier self-check for the team with a code."""

    answers: Mapping[str, int | None]
    code: str


@dataclass(frozen=True, slots=True)
class CreateTeamCode:
    """Create a code under which several people fill in the self-check."""

    code: str


@dataclass(frozen=True, slots=True)
class LeaveTeam:
    """Remove the person's answers from the team with a code."""

    code: str


@dataclass(frozen=True, slots=True)
class SaveTextBlock:
    """Save a ready answer of an advisers' chat; it replaces the one of the same name."""

    desk: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class DeleteTextBlock:
    """Delete a ready answer of an advisers' chat."""

    desk: int
    name: str


@dataclass(frozen=True, slots=True)
class NoteColleague:
    """Note that an adviser was seen in an advisers' chat; ``username`` is "" if they have none."""

    desk: int
    user_id: int
    name: str
    username: str


@dataclass(frozen=True, slots=True)
class BlockRequester:
    """Block a person until then (Unix time): the advisers get nothing from them."""

    user_id: int
    until: float


@dataclass(frozen=True, slots=True)
class UnblockRequester:
    """End the blocking of a person."""

    user_id: int


@dataclass(frozen=True, slots=True)
class NoteGreeting:
    """Note that an advisers' chat is greeted now."""

    desk: int


FeedbackEffect = SaveFeedback | SaveQuestion | DeleteQuestions
SelfCheckEffect = SaveSelfCheck | ShareSelfCheck | CreateTeamCode | LeaveTeam
DeskEffect = SaveTextBlock | DeleteTextBlock | NoteColleague | BlockRequester | UnblockRequester | NoteGreeting
EventEffect = CorrectTranscript | RetractMessages | MigrateChat | ErasePerson | FeedbackEffect | SelfCheckEffect
Effect = (
    CreateRequest
    | UpdateRequest
    | AppendTranscript
    | SaveMailbox
    | SaveAbsence
    | EndAbsences
    | DeskEffect
    | EventEffect
)
