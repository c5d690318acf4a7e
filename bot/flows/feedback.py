"""Thumbs, and questions that may be kept to improve answers: only with a consent of its own, asked for once."""

from dataclasses import replace

from bot.domain.effects import DeleteQuestions, SaveFeedback, SaveQuestion
from bot.domain.event import Event
from bot.domain.message import AnswerCallback, Button, EditMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import CONSENT_CALLBACK, fits_button
from bot.flows.context import Services
from prompts.render import format_label, render_template

QUESTION_CONSENT_VERSION = "2026-11-25"  # version of the wording in prompts/*/improve_ask.j2
DECLINED = "no"


def handle_thumb(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """Count a thumb. After one down the person is asked, once, whether the question may be kept."""
    lang = services.lang(state, event)
    value, _, entry_id = data.partition(":")
    if value not in ("0", "1") or services.answerer.show_entry(entry_id, lang) is None:
        return None
    thanks, feedback = AnswerCallback(format_label("thanks_feedback", lang)), SaveFeedback(entry_id, int(value))
    if value == "1" or not event.private or not _is_last_answer(state, entry_id):
        return Turn(state, (thanks,), (feedback,))
    if has_consented(state):
        return Turn(
            state,
            (AnswerCallback(format_label("improve_again", lang)),),
            (feedback, _question_to_save(state, entry_id)),
        )
    if state.improve == DECLINED or state.form:
        return Turn(state, (thanks,), (feedback,))
    accept_data = f"{CONSENT_CALLBACK}yes:{state.last_message}:{entry_id}"
    if not fits_button(accept_data):
        return Turn(state, (thanks,), (feedback,))
    html = render_template("improve_ask", lang, question=state.last_question, days=services.retention_days)
    row = (
        Button(format_label("improve_yes", lang), accept_data),
        Button(format_label("improve_no", lang), f"{CONSENT_CALLBACK}no"),
    )
    return Turn(state, (SendMessage(html, (row,)), thanks), (feedback,))


def handle_consent(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """What the person says to it. Their question is kept where it is still the last one."""
    lang = services.lang(state, event)
    answer, _, data = data.partition(":")
    question_id, _, entry_id = data.partition(":")
    if answer == "no":
        confirmation = EditMessage(render_template("improve_no", lang), message_id=event.message_id)
        return Turn(replace(state, improve=DECLINED), (confirmation,))
    if answer != "yes" or not question_id.isdecimal():
        return None
    is_latest = int(question_id) == state.last_message and _is_last_answer(state, entry_id)
    confirmation = EditMessage(render_template("improve_kept", lang, there=is_latest), message_id=event.message_id)
    return Turn(
        replace(state, improve=QUESTION_CONSENT_VERSION),
        (confirmation,),
        (_question_to_save(state, entry_id),) if is_latest else (),
    )


def withdraw_consent(services: Services, state: State, event: Event) -> Turn:
    """The consent is taken back: what was kept is deleted, and nothing more is kept."""
    confirmation = SendMessage(render_template("improve_stopped", services.lang(state, event)))
    return Turn(replace(state, improve=DECLINED), (confirmation,), (DeleteQuestions(),))


def has_consented(state: State) -> bool:
    """Whether the person agreed to the wording that holds now."""
    return state.improve == QUESTION_CONSENT_VERSION


def _is_last_answer(state: State, entry_id: str) -> bool:
    """Whether the last question is known, and got this answer."""
    return bool(state.last_question) and state.last_entry == entry_id


def _question_to_save(state: State, entry_id: str) -> SaveQuestion:
    return SaveQuestion(state.last_question, entry_id, QUESTION_CONSENT_VERSION)
