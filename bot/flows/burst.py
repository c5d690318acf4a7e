"""Somebody who asks very much at once is told so, once; what they ask in the rest of that minute is not searched.

What is typed for a request for advice, and commands, never count. The minute is the one in which the questions were
written, so that nobody is told so who wrote them over hours while the bot was away.

Taps have a limit of their own, which nobody reaches who reads what they bring: beyond it a tap changes nothing, so
that whatever it was for can be tapped again.
"""

from dataclasses import replace

from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from prompts.render import format_label

MAX_QUESTIONS = 15  # questions of one person in a minute; more than anybody reads answers to
MAX_TAPS = 60  # taps of one person in a minute that bring a message or change one
RATE_WINDOW = 60.0


def count_question(state: State, event: Event, now: float) -> State:
    """The state with this question counted. ``now`` stands in where Telegram says no time (both Unix)."""
    asked_at = event.sent_at or now
    if not 0 <= asked_at - state.minute < RATE_WINDOW:
        return replace(state, minute=asked_at, asked=1)
    return replace(state, asked=min(state.asked + 1, MAX_QUESTIONS + 2))


def limit_questions(services: Services, state: State, event: Event) -> Turn | None:
    """The turn where there have been too many questions; None where this one is answered."""
    if state.asked <= MAX_QUESTIONS:
        return None
    already_told = state.asked > MAX_QUESTIONS + 1 or event.kind is EventKind.EDITED
    return Turn(state) if already_told else services.say(state, event, "burst")


def limit_taps(services: Services, state: State, event: Event, turn: Turn) -> Turn:
    """The turn of a tap with the tap counted; where there have been too many, one that only says so.

    What is answered on the button alone does not count.
    """
    if all(isinstance(message, AnswerCallback) for message in turn.messages):
        return turn
    now = services.now()
    in_window = 0 <= now - state.taps_since < RATE_WINDOW
    if in_window and state.taps >= MAX_TAPS:
        return Turn(state, (AnswerCallback(format_label("taps", services.lang(state, event))),))
    taps, window_start = (state.taps + 1, state.taps_since) if in_window else (1, now)
    return replace(turn, state=replace(turn.state, taps=taps, taps_since=window_start))
