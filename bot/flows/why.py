"""The button under an answer that explains it: a new message, as a reply to the answer.

Only what the last message brought is explained: its text is kept anyway, and no further one should be.
"""

from bot.answering.answerer import Answer, Status
from bot.answering.multi_question import answer_each
from bot.domain.event import Event
from bot.domain.message import Button, Keyboard, Say, Toast
from bot.domain.turn import State, Turn
from bot.flows.callback_data import WHY
from bot.flows.context import Parts
from prompts.render import label

KEPT = 500  # characters of a message that are kept; a longer one cannot be read again, so it gets no button
EXPLAINED = frozenset((Status.ANSWERED, Status.CLARIFY, Status.ABSTAINED))


def why_row(event: Event, answer: Answer, number: int) -> Keyboard:
    """The row with the button; none where there is nothing to explain."""
    if answer.status not in EXPLAINED or len(event.text) > KEPT:
        return ()
    return ((Button(label("why", answer.lang), f"{WHY}{event.message_id}:{number}"),),)


def why(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """Explain one of the answers to the last message; says so where the tapped answer is an older one."""
    message, _, number = rest.partition(":")
    if not message.removeprefix("-").isdecimal() or not number.isdecimal():
        return None
    late = Turn(state, (Toast(label("why_latest", parts.lang(state, event))),))
    if int(message) != state.last_message or not state.last_question:
        return late
    found = answer_each(parts.answerer, state.last_question, event.language_code, state.lang, state.last_context)
    if int(number) >= len(found.answers):
        return late
    html = parts.answerer.explain(found.answers[int(number)])
    return Turn(state, (Say(html, reply_to=event.message_id),))
