"""Tapped buttons: tables from callback data, or their part up to the colon, to handlers."""

from collections.abc import Callable
from dataclasses import replace

from bot.answering.answerer import ENTRY_CALLBACK, FEEDBACK_CALLBACK, REQUEST_ADVICE
from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.message import AnswerCallback
from bot.domain.turn import Turn
from bot.flows import feedback, handout, intro, privacy, questions, share
from bot.flows.callback_data import (
    ADVISER_CALLBACK,
    CONSENT_CALLBACK,
    ERASURE_CALLBACK,
    EXPLAIN_CALLBACK,
    FORM_CALLBACK,
    HANDOUT_PDF_CALLBACK,
    INTRO_CALLBACK,
    LANGUAGE_CALLBACK,
    PRIVACY_CALLBACK,
    REQUESTER_CALLBACK,
    SELFCHECK_ADVICE_CALLBACK,
    SELFCHECK_CALLBACK,
    SHARE_BOT_CALLBACK,
    START_ADVICE_CALLBACK,
    START_CALLBACK,
)
from bot.flows.consultation import form
from bot.flows.context import CallbackHandler, TurnContext
from bot.flows.relay import adviser, requester
from bot.flows.selfcheck import callbacks, result
from prompts.render import format_label

PRIVATE_CALLBACKS = (
    REQUEST_ADVICE,
    START_ADVICE_CALLBACK,
    f"{PRIVACY_CALLBACK}data",
    f"{PRIVACY_CALLBACK}delete",
    ERASURE_CALLBACK,
    FORM_CALLBACK,
    SELFCHECK_CALLBACK,
    HANDOUT_PDF_CALLBACK,
)  # refused in groups


def handle_callback(context: TurnContext) -> Turn:
    """Return the turn of a tap. It answers the tap exactly once, so that the button stops waiting."""
    event = context.event
    turn = _run_handler(context)
    if turn is None:
        return context.toast(format_label("gone", context.lang))
    if not event.text.startswith(ERASURE_CALLBACK):
        turn = questions.limit_taps(context, turn)
    if any(isinstance(message, AnswerCallback) for message in turn.messages):
        return turn
    return replace(turn, messages=(*turn.messages, AnswerCallback()))


def _run_handler(context: TurnContext) -> Turn | None:
    data = context.event.text
    prefix, colon, value = data.partition(":")
    exact_handler, handler = EXACT_HANDLERS.get(data), PREFIX_HANDLERS.get(prefix + colon)
    if not (exact_handler or handler):
        return None
    if not context.event.private and data.startswith(PRIVATE_CALLBACKS):
        return context.say("private_only")
    if exact_handler:
        return exact_handler(context)
    return handler(context, value) if handler else None


def _prompt_question(context: TurnContext) -> Turn:
    return context.say("ask")


def _request_advice_on_selfcheck(context: TurnContext) -> Turn | None:
    concern = result.describe_last_result(context)
    return form.begin_form_with_concern(context, concern) if concern else None


def _set_language(context: TurnContext, lang: str) -> Turn | None:
    return context.change(lang=lang).say("language_set") if lang in SUPPORTED_LANGUAGES else None


EXACT_HANDLERS: dict[str, Callable[[TurnContext], Turn | None]] = {
    REQUEST_ADVICE: form.begin_form,
    START_ADVICE_CALLBACK: form.begin_form,
    f"{START_CALLBACK}ask": _prompt_question,
    f"{START_CALLBACK}guide": intro.begin_intro,
    f"{ERASURE_CALLBACK}yes": privacy.delete_data,
    f"{ERASURE_CALLBACK}no": privacy.keep_data,
    SHARE_BOT_CALLBACK: share.share_bot,
    HANDOUT_PDF_CALLBACK: handout.send_handout,
    SELFCHECK_ADVICE_CALLBACK: _request_advice_on_selfcheck,
}
PREFIX_HANDLERS: dict[str, CallbackHandler] = {
    ENTRY_CALLBACK: questions.show_entry,
    FEEDBACK_CALLBACK: feedback.handle_thumb,
    CONSENT_CALLBACK: feedback.handle_consent,
    INTRO_CALLBACK: intro.handle_intro_callback,
    EXPLAIN_CALLBACK: questions.explain_answer,
    LANGUAGE_CALLBACK: _set_language,
    PRIVACY_CALLBACK: privacy.handle_privacy_callback,
    FORM_CALLBACK: form.handle_form_callback,
    ADVISER_CALLBACK: adviser.handle_adviser_callback,
    REQUESTER_CALLBACK: requester.handle_requester_callback,
    SELFCHECK_CALLBACK: callbacks.handle_selfcheck_callback,
}
