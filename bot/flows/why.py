"""The button under an answer that explains it in a new message, as a reply to the answer.

Only answers to the last message are explained: its text is stored anyway, and no further text should be.
"""

from bot.answering.answerer import Answer, AnswerStatus
from bot.answering.multi_question import answer_each_question
from bot.domain.event import Event
from bot.domain.message import AnswerCallback, Button, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import EXPLAIN_CALLBACK
from bot.flows.context import Services
from prompts.render import format_label

MAX_KEPT_LENGTH = 500  # characters stored of a message; a longer one can't be read again, so it gets no button
EXPLAINABLE_STATUSES = frozenset((AnswerStatus.ANSWERED, AnswerStatus.CLARIFY, AnswerStatus.ABSTAINED))


def explain_row(event: Event, answer: Answer, number: int) -> Keyboard:
    """Return the row with the button; none if there is nothing to explain."""
    if answer.status not in EXPLAINABLE_STATUSES or len(event.text) > MAX_KEPT_LENGTH:
        return ()
    return ((Button(format_label("why", answer.lang), f"{EXPLAIN_CALLBACK}{event.message_id}:{number}"),),)


def explain_answer(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """Explain one of the answers to the last message; a toast says so if the tapped answer is older.

    ``data`` is the id of the message that asked and the number of the answer; returns None if it is malformed.
    """
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
