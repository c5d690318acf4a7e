"""The domain's types: what comes in, what goes out, what is remembered. Frozen, without Telegram."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.consultation import Form, SentRequest
from bot.domain.effects import Effect
from bot.domain.message import Message
from bot.domain.selfcheck import SelfCheckProgress


@dataclass(frozen=True, slots=True)
class Album:
    """What an adviser sent as an album: the messages of it that were brought to the person, or that it is a note."""

    id: str
    messages: tuple[int, ...] = ()
    note: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one person in one chat. ``lang`` is empty where the person chose none.

    ``last_message`` held the last question, ``last_context`` is the entry on which it could lean: with them it can be
    answered once more. ``form`` is the request for advice being filled in, ``sent`` the one that was sent last,
    ``rated`` the closed request whose comment is awaited. ``step`` is the step of the introduction shown last,
    ``audience`` for whom its examples are, ``read`` holds the steps that were shown, and ``touring`` says whether the
    person is in the middle of it. ``shown`` is the start parameter of what was seen last, ``check`` the self-check
    being filled in. ``asked`` counts the questions of the ``minute`` that began then (Unix time), ``taps`` the
    buttons tapped since ``taps_since``, see `bot.flows.questions`. ``improve`` is what the person said to having
    questions kept: the version of the wording they agreed to, `NO`, or "" where they were not asked. ``known`` says
    that the state was read from the store: where it is not there any more, it was deleted meanwhile. ``albums`` are
    the last ones that an adviser sent in their chat, ``unanswered`` is the message (number and text) that a person
    with an open request can pass on to the advisers. ``guesses`` are the times (Unix) at which a team's code was
    tried that does not exist, ``new_codes`` those at which one was made, see `bot.flows.selfcheck.team`.
    """

    lang: str = ""
    last_question: str = ""
    last_entry: str = ""
    last_message: int = 0
    last_context: str = ""
    step: int = 0
    form: Form | None = None
    rated: str = ""
    audience: str = ""
    touring: bool = False
    shown: str = ""
    check: SelfCheckProgress | None = None
    read: tuple[int, ...] = ()
    improve: str = ""
    known: bool = field(default=False, compare=False)
    minute: float = 0.0
    asked: int = 0
    albums: tuple[Album, ...] = ()
    unanswered: tuple[int, str] = (0, "")
    taps: int = 0
    taps_since: float = 0.0
    sent: SentRequest | None = None
    guesses: tuple[float, ...] = ()
    new_codes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerDecision:
    """What was decided on a question; ``confidence`` is the probability, ``entries`` are those shown or offered."""

    question: str
    status: str
    confidence: float
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one event: the new state, what to send, what to keep, and what was decided on questions."""

    state: State
    messages: tuple[Message, ...] = ()
    effects: tuple[Effect, ...] = ()
    decisions: tuple[AnswerDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """What became of an update: what was decided on questions in it, and how long that took in milliseconds.

    ``kind`` says what the person did, ``replies`` how many calls were queued for it.
    """

    user_id: int
    decisions: tuple[AnswerDecision, ...]
    duration_ms: float
    update_id: int
    chat_id: int
    kind: str
    call_count: int


OnTurn = Callable[[TurnRecord], None]
