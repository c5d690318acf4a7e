"""A turn of the conversation: state, outgoing messages, effects, and decisions on questions."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.consultation import Form, SentRequest
from bot.domain.effects import Effect
from bot.domain.message import Message
from bot.domain.selfcheck import SelfCheckProgress


@dataclass(frozen=True, slots=True)
class Album:
    """An album about a request: the ids of its relayed messages, and whether it is a note among advisers."""

    id: str
    messages: tuple[int, ...] = ()
    note: bool = False


@dataclass(frozen=True, slots=True)
class PassableMessage:
    """A message that the bot did not answer, and that its writer can pass on to the advisers.

    ``html`` is the text or caption with its formatting, ``media_type`` what it contains besides text, as in `Event`.
    """

    id: int
    text: str
    html: str
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What the bot remembers about one person in one chat.

    Attributes:
        lang: the language that the person chose; "" for none.
        last_question: text of the last question.
        last_entry, earlier_entry: ids of the entry shown last, if the last answer had one, and of another one shown
            before; a follow-up question may refer to both.
        last_message: id of the last question's message.
        last_context, earlier_context: the entries to which the last question could refer, needed to reproduce its
            answer.
        step: the step of the introduction shown last; 0 for none.
        form: the request for advice being filled in.
        rated: reference of the closed request whose comment is awaited.
        audience: audience of the introduction's examples; "" if not chosen.
        touring: whether the person is in the middle of the introduction.
        shown: start parameter of what was seen last: an entry, a step, or the self-check.
        check: the self-check being filled in.
        read: steps of the introduction that were shown.
        answers_read: ids of the entries shown as answers, oldest first, for the handout.
        improve: version of the wording with which the person agreed to have questions saved, `feedback.DECLINED`, or
            "" if they did not answer.
        consent_asked: id of the message with the answer below which they were asked that; 0 if they never were.
        offered: data of the buttons that answer the question that the bot asked last: yes and no, or topics to choose
            from; none if it asked no such question.
        offered_at: when it asked that (Unix time).
        known: whether the state was read from the store; if it is missing on writing, it was deleted in the meantime.
        minute: when the current minute of questions began (Unix time), see `bot.flows.questions`.
        asked: number of questions within that minute.
        albums: the latest albums that the person sent in this chat to the other side of a request.
        passable: the latest messages that the person can pass on to the advisers.
        taps: number of buttons tapped within the minute that began at ``taps_since`` (Unix time).
        sent: the latest request.
        hinted: when they were last told, in this chat, whom a message reaches and how to reach others (Unix time).
        guesses: Unix times at which team codes were tried that do not exist, see `bot.flows.selfcheck.team`.
        new_codes: Unix times at which team codes were created.
        complaints: number of complaints about the bot since the last question.
        spoken: the language they were last heard to write, if it is not that of their Telegram; "" otherwise.
    """

    lang: str = ""
    last_question: str = ""
    last_entry: str = ""
    earlier_entry: str = ""
    last_message: int = 0
    last_context: str = ""
    earlier_context: str = ""
    step: int = 0
    form: Form | None = None
    rated: str = ""
    audience: str = ""
    touring: bool = False
    shown: str = ""
    check: SelfCheckProgress | None = None
    read: tuple[int, ...] = ()
    answers_read: tuple[str, ...] = ()
    improve: str = ""
    consent_asked: int = 0
    offered: tuple[str, ...] = ()
    offered_at: float = 0.0
    known: bool = field(default=False, compare=False)
    minute: float = 0.0
    asked: int = 0
    albums: tuple[Album, ...] = ()
    passable: tuple[PassableMessage, ...] = ()
    taps: int = 0
    taps_since: float = 0.0
    sent: SentRequest | None = None
    guesses: tuple[float, ...] = ()
    new_codes: tuple[float, ...] = ()
    hinted: float = 0.0
    complaints: int = 0
    spoken: str = ""

    @property
    def recent_entries(self) -> tuple[str, ...]:
        """The ids of the entries to which a follow-up question may refer, the latest first."""
        return tuple(filter(None, (self.last_entry, self.earlier_entry)))

    @property
    def recent_contexts(self) -> tuple[str, ...]:
        """The ids of the entries to which the last question could refer, the latest first."""
        return tuple(filter(None, (self.last_context, self.earlier_context)))


@dataclass(frozen=True, slots=True)
class AnswerDecision:
    """The decision on a question: its status, the probability that it is right, and the entries shown or offered."""

    question: str
    status: str
    confidence: float
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one event: the new state, messages to send, changes to store, and decisions on questions."""

    state: State
    messages: tuple[Message, ...] = ()
    effects: tuple[Effect, ...] = ()
    decisions: tuple[AnswerDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """The outcome of an update.

    Attributes:
        duration_ms: time spent in the conversation.
        kind: the kind of event.
        call_count: number of outgoing calls that were queued.
    """

    user_id: int
    decisions: tuple[AnswerDecision, ...]
    duration_ms: float
    update_id: int
    chat_id: int
    kind: str
    call_count: int


OnTurn = Callable[[TurnRecord], None]
