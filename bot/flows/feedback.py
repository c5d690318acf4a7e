"""Thumbs, and questions saved to improve answers: only with separate consent, which is asked for once."""

from bot.domain.effects import DeleteQuestions, SaveFeedback, SaveQuestion
from bot.domain.message import AnswerCallback, Button, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import CONSENT_CALLBACK, fits_button
from bot.flows.context import TurnContext
from prompts.render import format_label, render_template

QUESTION_CONSENT_VERSION = "2026-11-30"  # version of the wording in prompts/*/improve_ask.j2
DECLINED = "no"


def handle_thumb(context: TurnContext, data: str) -> Turn | None:
    """Record a thumb; after the first one down, ask whether the question may be saved. None if it is not valid."""
    state, lang = context.state, context.lang
    value, _, entry_id = data.partition(":")
    if value not in ("0", "1") or context.services.answerer.show_entry(entry_id, lang) is None:
        return None
    thanks, feedback = AnswerCallback(format_label("thanks_feedback", lang)), SaveFeedback(entry_id, int(value))
    thanked = Turn(state, (thanks,), (feedback,))
    if value == "1" or not context.event.private or not _is_last_answer(state, entry_id):
        return thanked
    if has_consented(state):
        toast = AnswerCallback(format_label("improve_again", lang))
        return Turn(state, (toast,), (feedback, _question_to_save(state, entry_id)))
    accept_data = f"{CONSENT_CALLBACK}yes:{state.last_message}:{entry_id}"
    if state.improve == DECLINED or state.form or not fits_button(accept_data):
        return thanked
    html = render_template("improve_ask", lang, question=state.last_question, days=context.services.retention_days)
    accept = Button(format_label("improve_yes", lang), accept_data)
    decline = Button(format_label("improve_no", lang), f"{CONSENT_CALLBACK}no")
    return Turn(state, (SendMessage(html, ((accept, decline),)), thanks), (feedback,))


def handle_consent(context: TurnContext, data: str) -> Turn | None:
    """Record whether questions may be saved; the question itself is saved only if it is still the last one."""
    lang = context.lang
    answer, _, data = data.partition(":")
    question_id, _, entry_id = data.partition(":")
    if answer == "no":
        declined = context.change(improve=DECLINED)
        return Turn(declined.state, (context.edit_tapped(render_template("improve_no", lang)),))
    if answer != "yes" or not question_id.isdecimal():
        return None
    is_latest = int(question_id) == context.state.last_message and _is_last_answer(context.state, entry_id)
    return Turn(
        context.change(improve=QUESTION_CONSENT_VERSION).state,
        (context.edit_tapped(render_template("improve_kept", lang, there=is_latest)),),
        (_question_to_save(context.state, entry_id),) if is_latest else (),
    )


def withdraw_consent(context: TurnContext) -> Turn:
    """Withdraw the consent: delete the saved questions and save no more."""
    confirmation = SendMessage(render_template("improve_stopped", context.lang))
    return Turn(context.change(improve=DECLINED).state, (confirmation,), (DeleteQuestions(),))


def has_consented(state: State) -> bool:
    """Return whether the person agreed to the current wording."""
    return state.improve == QUESTION_CONSENT_VERSION


def _is_last_answer(state: State, entry_id: str) -> bool:
    return bool(state.last_question) and state.last_entry == entry_id


def _question_to_save(state: State, entry_id: str) -> SaveQuestion:
    return SaveQuestion(state.last_question, entry_id, QUESTION_CONSENT_VERSION)
