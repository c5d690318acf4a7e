"""The button under an answer that explains it: a new message, as a reply to the answer.

Only what the last message brought is explained: its text is kept anyway, and no further one should be.
"""

from bot.answering.answerer import Answer, AnswerStatus
from bot.answering.multi_question import answer_each_question
from bot.domain.event import Event
from bot.domain.message import AnswerCallback, Button, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import EXPLAIN_CALLBACK
from bot.flows.context import Services
from prompts.render import format_label

MAX_KEPT_LENGTH = (
    500  # characters of a message that are kept; a longer one cannot be read again, so it gets no button
)
EXPLAINABLE_STATUSES = frozenset((AnswerStatus.ANSWERED, AnswerStatus.CLARIFY, AnswerStatus.ABSTAINED))


def explain_row(event: Event, answer: Answer, number: int) -> Keyboard:
    """The row with the button; none where there is nothing to explain."""
    if answer.status not in EXPLAINABLE_STATUSES or len(event.text) > MAX_KEPT_LENGTH:
        return ()
    return ((Button(format_label("why", answer.lang), f"{EXPLAIN_CALLBACK}{event.message_id}:{number}"),),)


def explain_answer(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """Explain one of the answers to the last message; says so where the tapped answer is an older one."""
    question_id, _, number = data.partition(":")
    if not question_id.removeprefix("-").isdecimal() or not number.isdecimal():
        return None
    outdated = Turn(state, (AnswerCallback(format_label("why_latest", services.lang(state, event))),))
    if int(question_id) != state.last_message or not state.last_question:
        return outdated
    answers = answer_each_question(
        services.answerer, state.last_question, event.language_code, state.lang, state.last_context
    )
    if int(number) >= len(answers.answers):
        return outdated
    html = services.answerer.explain_answer(answers.answers[int(number)])
    return Turn(state, (SendMessage(html, reply_to=event.message_id),))
