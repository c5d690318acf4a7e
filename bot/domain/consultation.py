"""A request for advice as data: what the form asks, what is passed on, and where a request stands."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class FormStep(StrEnum):
    """What the form asks for, in its order."""

    CONCERN = "concern"
    ORGANISATION = "organisation"
    KIND = "kind"
    PLACE = "place"
    CHANNEL = "reach"
    ADDRESS = "address"
    TIMES = "times"
    REVIEW = "review"


OPTIONAL_STEPS = frozenset((FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES))
MAX_LENGTHS = {
    FormStep.CONCERN: 2_000,
    FormStep.ORGANISATION: 150,
    FormStep.PLACE: 150,
    FormStep.TIMES: 200,
}  # UTF-16 units
REQUESTER_KINDS = ("npo", "foundation", "municipality", "company", "citizen", "other")


class ContactChannel(StrEnum):
    """How the person wants to be reached."""

    TELEGRAM = "here"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What the bot knows that helps an adviser: only with the person's consent.

    Attributes:
        question: the person's last question; "" where there was none.
        entry, title: of the entry that the bot answered with; "" where it did not answer.
        sure: how sure the bot was, 0 to 1.
        passage: the beginning of what the bot answered.
        step, steps: how far the person is in the introduction; 0 where they did not begin.
    """

    question: str = ""
    entry: str = ""
    title: str = ""
    sure: float = 0.0
    passage: str = ""
    step: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """What a person tells with a request. ``address`` is an e-mail address or a telephone number, by ``reach``."""

    concern: str = ""
    organisation: str = ""
    kind: str = ""
    place: str = ""
    reach: ContactChannel = ContactChannel.TELEGRAM
    address: str = ""
    times: str = ""

    @property
    def is_reachable(self) -> bool:
        """Whether the person can be answered the way they want."""
        return self.reach is ContactChannel.TELEGRAM or bool(self.address)

    def with_answer(self, step: FormStep, value: str) -> "Details":
        """The details with the answer to one question; another way to be reached needs another address."""
        if step is FormStep.CHANNEL:
            return replace(self, reach=ContactChannel(value), address="")
        change: dict[str, Any] = {step.value: value}
        return replace(self, **change)


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """A message that was typed for a line of the form."""

    line: FormStep
    message_id: int


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The request that was sent last, and the messages that were typed for it."""

    request: str
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form being filled in: what it asks now, and whether the person is doing something else at the moment.

    ``reviewed`` is set from the first summary on: a line changed afterwards leads back to it. ``typed`` holds the
    message that was last typed for each line.
    """

    at: FormStep = FormStep.CONCERN
    details: Details = Details()
    brief: RequestContext = RequestContext()
    shares: frozenset[str] = frozenset(("question", "progress"))
    reviewed: bool = False
    paused: bool = False
    typed: tuple[TypedAnswer, ...] = ()

    @property
    def shared_context(self) -> RequestContext:
        """The brief without what the person took out."""
        context = self.brief if "question" in self.shares else RequestContext()
        progress = (self.brief.step, self.brief.steps) if "progress" in self.shares else (0, 0)
        return replace(context, step=progress[0], steps=progress[1])


class RequestStatus(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"


class Party(StrEnum):
    """Whose turn it is, or who wrote."""

    REQUESTER = "person"
    ADVISER = "adviser"


@dataclass(frozen=True, slots=True)
class Request:
    """A kept request. Times are Unix seconds, 0 where there is none.

    Attributes:
        consent: version of the wording that the person agreed to, at ``created``.
        contact: id of the listed contact that it is for.
        taken_by, adviser: Telegram id and name of who took it; 0 and "" before.
        talking: an adviser has written, or the person has opened it again, and nobody has ended the conversation:
            the bot keeps silent.
        turn: who is to write next, since ``since``.
        promised: until when an answer was promised.
        told: when the person was told that nobody has answered yet.
        reminded: when the advisers were last reminded.
        remind_at: when an adviser wants to be reminded.
        warned: when the person was told that the request will be closed for silence.
        reopened: when its person opened it again, as far as that is less than a day ago.
        rating: 1 to 5, 0 where there is none.
        version: counts the changes, so that of two changes at the same moment one is noticed.
    """

    reference: str
    chat_id: int
    user_id: int
    name: str
    lang: str
    details: Details
    brief: RequestContext
    consent: str
    contact: str
    created: float
    promised: float = 0.0
    status: RequestStatus = RequestStatus.OPEN
    taken_by: int = 0
    adviser: str = ""
    talking: bool = False
    turn: Party = Party.ADVISER
    since: float = 0.0
    told: float = 0.0
    reminded: float = 0.0
    remind_at: float = 0.0
    warned: float = 0.0
    closed: float = 0.0
    reopened: tuple[float, ...] = ()
    rating: int = 0
    comment: str = ""
    version: int = 0
