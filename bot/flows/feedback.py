"""Thumbs, what was wrong with an answer, and questions saved to improve answers: only with separate consent.

A thumb is marked on its button and can be changed. After a thumb down, one tap says what was wrong; then consent is
asked for, once. In a group, where all see the same buttons, a thumb only counts.
"""

from bot.domain.effects import FLAWS, DeleteQuestions, SaveFeedback, SaveQuestion
from bot.domain.message import AnswerCallback, Button, EditKeyboard, EditMessage, Keyboard, Message, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.answer_keyboard import keyboard_language, mark_thumb
from bot.flows.callback_data import CONSENT_CALLBACK, FEEDBACK_CALLBACK, FLAW_CALLBACK, fits_button
from bot.flows.context import TurnContext
from prompts.render import format_label, render_template

QUESTION_CONSENT_VERSION = "2026-11-30"  # version of the wording in prompts/*/improve_ask.j2
DECLINED = "no"
FLAW_ROWS = (FLAWS[:2], FLAWS[2:])  # long labels side by side, then the short ones


def handle_thumb(context: TurnContext, data: str) -> Turn | None:
    """Record and mark a thumb; after one down, ask what was wrong. None if it is not valid."""
    event, lang = context.event, keyboard_language(context)
    value, _, entry_id = data.partition(":")
    if value not in ("0", "1") or context.services.answerer.show_entry(entry_id, lang) is None:
        return None
    feedback = SaveFeedback(entry_id, int(value))
    if not event.private:
        return Turn(context.state, (AnswerCallback(format_label("thanks_feedback", lang)),), (feedback,))
    shown = _without_flaws(event.keyboard)
    marked = mark_thumb(shown, int(value))
    effects = () if shown and marked == shown else (feedback,)  # a second tap keeps what was said before
    if value == "1":
        thanks = AnswerCallback(format_label("thanks_feedback", lang))
        return Turn(
            context.state, (*_edit_keyboard(context, marked), *_drop_consent_question(context), thanks), effects
        )
    edits = _edit_keyboard(context, _with_flaws(marked, entry_id, lang))
    if effects and has_consented(context.state) and _is_last_answer(context.state, entry_id):
        toast = AnswerCallback(format_label("improve_again", lang))
        return Turn(context.state, (*edits, toast), (feedback, _question_to_save(context.state, entry_id)))
    return Turn(context.state, (*edits, AnswerCallback(format_label("ask_flaw", lang))), effects)


def handle_flaw(context: TurnContext, data: str) -> Turn | None:
    """Record what was wrong with an answer; the first time, ask whether the question may be saved as well."""
    lang = keyboard_language(context)
    flaw, _, entry_id = data.partition(":")
    if flaw not in FLAWS or context.services.answerer.show_entry(entry_id, lang) is None:
        return None
    edits = _edit_keyboard(context, mark_thumb(_without_flaws(context.event.keyboard), 0))
    turn = _ask_consent(context, entry_id)
    messages = (*edits, *turn.messages, AnswerCallback(format_label("thanks_flaw", lang)))
    return Turn(turn.state, messages, (SaveFeedback(entry_id, 0, flaw),))


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
        context.change(improve=QUESTION_CONSENT_VERSION, consent_asked=0).state,
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


def _ask_consent(context: TurnContext, entry_id: str) -> Turn:
    """Ask whether the last question may be saved, if it led to this entry and the person was never asked."""
    state, lang, answer_id = context.state, context.lang, context.event.message_id
    accept_data = f"{CONSENT_CALLBACK}yes:{state.last_message}:{entry_id}"
    is_settled = state.improve == DECLINED or has_consented(state) or state.consent_asked
    if is_settled or state.form or not _is_last_answer(state, entry_id) or not fits_button(accept_data):
        return Turn(state)
    html = render_template("improve_ask", lang, question=state.last_question, days=context.services.retention_days)
    accept = Button(format_label("improve_yes", lang), accept_data)
    decline = Button(format_label("improve_no", lang), f"{CONSENT_CALLBACK}no")
    question = SendMessage(html, ((accept, decline),), question_id=answer_id)  # so that it can be dropped
    return Turn(context.change(consent_asked=answer_id).state, (question,))


def _drop_consent_question(context: TurnContext) -> tuple[Message, ...]:
    """Return the edit that withdraws the question whether a question may be saved, if it waits for this answer."""
    state, answer_id = context.state, context.event.message_id
    if state.improve or not state.consent_asked or state.consent_asked != answer_id:
        return ()
    return (EditMessage(render_template("improve_moot", context.lang), question_id=answer_id),)


def _edit_keyboard(context: TurnContext, keyboard: Keyboard) -> tuple[Message, ...]:
    return () if keyboard == context.event.keyboard else (EditKeyboard(keyboard, context.event.message_id),)


def _with_flaws(keyboard: Keyboard, entry_id: str, lang: str) -> Keyboard:
    """Return a keyboard with the possible flaws below the thumbs."""
    rows = (
        tuple(Button(format_label(f"flaw_{flaw}", lang), f"{FLAW_CALLBACK}{flaw}:{entry_id}") for flaw in flaws)
        for flaws in FLAW_ROWS
    )
    flaw_rows = tuple(row for row in rows if all(fits_button(button.data) for button in row))
    last = max(index for index, row in enumerate(keyboard) if _leads_to(row, FEEDBACK_CALLBACK)) if keyboard else -1
    return (*keyboard[: last + 1], *flaw_rows, *keyboard[last + 1 :])


def _without_flaws(keyboard: Keyboard) -> Keyboard:
    return tuple(row for row in keyboard if not _leads_to(row, FLAW_CALLBACK))


def _leads_to(row: tuple[Button, ...], prefix: str) -> bool:
    return any(button.data.startswith(prefix) for button in row)


def _is_last_answer(state: State, entry_id: str) -> bool:
    return bool(state.last_question) and state.last_entry == entry_id


def _question_to_save(state: State, entry_id: str) -> SaveQuestion:
    return SaveQuestion(state.last_question, entry_id, QUESTION_CONSENT_VERSION)
