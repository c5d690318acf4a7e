"""Requests for advice as data: the form, the context passed on, and the request with its status."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class FormStep(StrEnum):
    """The form's questions, in order, and the review at its end."""

    CONCERN = "concern"
    ORGANISATION = "organisation"
    KIND = "kind"
    PLACE = "place"
    CHANNEL = "reach"
    ADDRESS = "address"
    TIMES = "times"
    REVIEW = "review"


OPTIONAL_STEPS = frozenset((FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES))
# In UTF-16 units
MAX_LENGTHS = {FormStep.CONCERN: 2_000, FormStep.ORGANISATION: 150, FormStep.PLACE: 150, FormStep.TIMES: 200}
REQUESTER_KINDS = ("npo", "foundation", "municipality", "company", "citizen", "other")


class ContactChannel(StrEnum):
    """How the person wants to be contacted."""

    TELEGRAM = "here"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Context that helps an adviser; passed on only with the person's consent.

    Attributes:
        question: the person's last question; "" if there was none.
        entry: id of the entry that the bot answered with; "" if it did not answer.
        title: title of that entry.
        sure: confidence of the answer, 0 to 1.
        passage: the beginning of the answer, plain text.
        step: the last step of the introduction that the person has seen; 0 if they have not begun it.
        steps: number of steps of the introduction; 0 if they have not begun it.
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
    """The answers to the form; ``address`` is an e-mail address or a telephone number, according to ``reach``."""

    concern: str = ""
    organisation: str = ""
    kind: str = ""
    place: str = ""
    reach: ContactChannel = ContactChannel.TELEGRAM
    address: str = ""
    times: str = ""

    @property
    def is_reachable(self) -> bool:
        """Whether the person can be reached through the channel they chose."""
        return self.reach is ContactChannel.TELEGRAM or bool(self.address)

    @property
    def asks_for_times(self) -> bool:
        """Whether it matters when the person can be reached: only for a call."""
        return self.reach is ContactChannel.PHONE

    def with_answer(self, step: FormStep, value: str) -> "Details":
        """Return the details with the answer to one question; choosing another channel clears the address."""
        if step is FormStep.CHANNEL:
            return self.with_channel(ContactChannel(value))
        change: dict[str, Any] = {step.value: value}
        return replace(self, **change)

    def with_channel(self, channel: ContactChannel, address: str = "") -> "Details":
        """Return the details with another contact channel, and without the times if it does not ask for any."""
        changed = replace(self, reach=channel, address=address)
        return changed if changed.asks_for_times else replace(changed, times="")


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """A message typed for a line of the form."""

    line: FormStep
    message_id: int


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The reference of the latest request, and the ids of the messages typed for it."""

    request: str
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form being filled in.

    Attributes:
        at: the current question.
        shares: which parts of the brief are passed on, none unless the person ticks it: "question", "progress".
        reviewed: whether the summary was shown; a line changed afterwards leads back to it.
        paused: whether the person is doing something else.
        typed: the latest message typed for each line.
    """

    at: FormStep = FormStep.CONCERN
    details: Details = Details()
    brief: RequestContext = RequestContext()
    shares: frozenset[str] = frozenset()
    reviewed: bool = False
    paused: bool = False
    typed: tuple[TypedAnswer, ...] = ()

    @property
    def shared_context(self) -> RequestContext:
        """The brief without the parts that the person does not want to share."""
        context = self.brief if "question" in self.shares else RequestContext()
        progress = (self.brief.step, self.brief.steps) if "progress" in self.shares else (0, 0)
        return replace(context, step=progress[0], steps=progress[1])


class RequestStatus(StrEnum):
    """The status of a request."""

    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"


class Party(StrEnum):
    """The two sides of a request."""

    REQUESTER = "person"
    ADVISER = "adviser"


@dataclass(frozen=True, slots=True)
class Request:
    """A request for advice. Times are Unix seconds, 0 for never.

    Attributes:
        chat_id: the requester's chat.
        user_id: the requester.
        consent: version of the wording that the requester agreed to, at ``created``.
        contact: id of the contact that it is addressed to.
        promised: when an answer is due, as promised; 0 if no date was promised.
        taken_by: Telegram id of the adviser who took it; 0 for none.
        adviser: name of the adviser who took it; "" for none.
        talking: whether a conversation with an adviser is in progress and the bot stays silent. It begins when an
            adviser writes or the request is reopened, and ends when the requester ends it or the request is closed.
        turn: who is expected to write next.
        since: when ``turn`` began.
        told: when the requester was notified that the answer is late.
        reminded: when the advisers were last reminded.
        remind_at: when an adviser wants to be reminded.
        remind_by: name of that adviser; "" for none.
        last_reminder: when the advisers were reminded last, by themselves or because somebody waits.
        private_notes: whether all that advisers write about it stays among them.
        suggestions: under which number the message is found that suggests answers, see `own_number`; 0 for none.
        blocked: until when its requester was blocked because of it.
        warned: when the requester was warned that the request will be closed because of their silence.
        absence_told: the end of the latest absence of the advisers of which the requester was told.
        reopened: times at which the requester reopened it, within the day before the latest one.
        participants: Telegram id and name of each adviser who took it or wrote about it.
        speaker: side and Telegram id of who wrote last; "" if the next message needs its writer's name.
        spoken: when they wrote.
        rating: 1 to 5; 0 for none.
        withdrawn: whether it is closed because the requester withdrew it; then nobody else can reopen it.
        version: number of changes, by which the store detects concurrent ones.
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
    remind_by: str = ""
    last_reminder: float = 0.0
    private_notes: bool = False
    suggestions: int = 0
    blocked: float = 0.0
    warned: float = 0.0
    closed: float = 0.0
    absence_told: float = 0.0
    reopened: tuple[float, ...] = ()
    participants: tuple[tuple[int, str], ...] = ()
    speaker: str = ""
    spoken: float = 0.0
    rating: int = 0
    comment: str = ""
    withdrawn: bool = False
    version: int = 0

    def assign_to(self, adviser_id: int, name: str) -> "Request":
        """Return the request as taken by an adviser."""
        taken = replace(self, status=RequestStatus.TAKEN, taken_by=adviser_id, adviser=name)
        return taken.add_participant(adviser_id, name)

    def add_participant(self, adviser_id: int, name: str) -> "Request":
        """Return the request with an adviser among its participants, under their latest name."""
        others = tuple(participant for participant in self.participants if participant[0] != adviser_id)
        return replace(self, participants=(*others, (adviser_id, name)))

    def has_participant(self, adviser_id: int) -> bool:
        """Return whether an adviser took the request or wrote about it."""
        return bool(adviser_id) and adviser_id in (self.taken_by, *(number for number, _ in self.participants))

    def without_adviser(self, adviser_id: int) -> "Request":
        """Return the request without the id and name of an adviser."""
        others = tuple(participant for participant in self.participants if participant[0] != adviser_id)
        is_speaker = self.speaker == f"{Party.ADVISER.value}:{adviser_id}"
        kept = replace(self, participants=others, speaker="" if is_speaker else self.speaker)
        return replace(kept, taken_by=0, adviser="") if self.taken_by == adviser_id else kept

    def release(self) -> "Request":
        """Return the request as open, taken by nobody."""
        return replace(self, status=RequestStatus.OPEN, taken_by=0, adviser="", speaker="")

    def close(self, now: float) -> "Request":
        """Return the request as closed: nobody is reminded, and nothing that was switched on for it lasts."""
        ended = replace(self, talking=False, remind_at=0.0, remind_by="", private_notes=False, suggestions=0)
        return replace(ended, status=RequestStatus.CLOSED, closed=now)

    def reopen(self, now: float) -> "Request":
        """Return the closed request as open again, with the adviser who had it; nothing new is promised."""
        status = RequestStatus.TAKEN if self.adviser else RequestStatus.OPEN
        return replace(self.pass_turn(Party.ADVISER, now), status=status, closed=0.0, speaker="")

    def pass_turn(self, turn: Party, now: float) -> "Request":
        """Return the request with the side that is to write next, and without notices and reminders so far."""
        return replace(self, turn=turn, since=now, told=0.0, reminded=0.0, warned=0.0)
