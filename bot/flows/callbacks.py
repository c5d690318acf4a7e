"""Tapped buttons: tables of handlers by callback data, or by its part up to the colon."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.message import AnswerCallback
from bot.domain.turn import Turn
from bot.flows import answer_keyboard, callback_data, commands, feedback, handout, intro, privacy, questions, share
from bot.flows.consultation import form
from bot.flows.context import CallbackHandler, TurnContext
from bot.flows.relay import adviser, requester
from bot.flows.selfcheck import callbacks, result
from knowledge.records.entry import LEICHTE_SPRACHE
from prompts.render import format_label

PRIVATE_CALLBACKS = (
    callback_data.REQUEST_ADVICE,
    callback_data.START_ADVICE_CALLBACK,
    f"{callback_data.PRIVACY_CALLBACK}data",
    f"{callback_data.PRIVACY_CALLBACK}delete",
    callback_data.ERASURE_CALLBACK,
    callback_data.FORM_CALLBACK,
    callback_data.FLAW_CALLBACK,
    callback_data.SELFCHECK_CALLBACK,
    callback_data.HANDOUT_PDF_CALLBACK,
)  # refused in groups


def handle_callback(context: TurnContext) -> Turn:
    """Return the turn of a tap. It answers the callback query exactly once, so that the button stops spinning."""
    event = context.event
    turn = _run_handler(context)
    if turn is None:
        return context.toast(format_label("gone", context.lang))
    if not event.text.startswith(callback_data.ERASURE_CALLBACK):
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


def _request_advice_on_selfcheck(context: TurnContext) -> Turn | None:
    concern = result.describe_last_result(context)
    return form.begin_form_with_concern(context, concern) if concern else None


def _run_command(context: TurnContext, command: str) -> Turn | None:
    if command not in commands.COMMAND_HANDLERS:
        return None
    event = replace(context.event, command=command, text="")
    return commands.handle_command(replace(context, event=event))


EXACT_HANDLERS: dict[str, Callable[[TurnContext], Turn | None]] = {
    callback_data.REQUEST_ADVICE: form.begin_form,
    callback_data.START_ADVICE_CALLBACK: form.begin_form,
    callback_data.ASK_CALLBACK: lambda context: context.say("ask"),
    f"{callback_data.START_CALLBACK}guide": intro.begin_intro,
    f"{callback_data.ERASURE_CALLBACK}yes": privacy.delete_data,
    f"{callback_data.ERASURE_CALLBACK}no": privacy.keep_data,
    callback_data.SHARE_BOT_CALLBACK: share.share_bot,
    callback_data.HANDOUT_PDF_CALLBACK: handout.send_handout,
    callback_data.SELFCHECK_ADVICE_CALLBACK: _request_advice_on_selfcheck,
}
PREFIX_HANDLERS: dict[str, CallbackHandler] = {
    callback_data.COMMAND_CALLBACK: _run_command,
    callback_data.ENTRY_CALLBACK: questions.show_entry,
    callback_data.EASY_CALLBACK: lambda context, entry: questions.show_entry(context, entry, LEICHTE_SPRACHE),
    callback_data.FEEDBACK_CALLBACK: feedback.handle_thumb,
    callback_data.FLAW_CALLBACK: feedback.handle_flaw,
    callback_data.SOURCES_CALLBACK: questions.show_sources,
    callback_data.MORE_CALLBACK: answer_keyboard.fold_answer,
    callback_data.CONSENT_CALLBACK: feedback.handle_consent,
    callback_data.INTRO_CALLBACK: intro.handle_intro_callback,
    callback_data.EXPLAIN_CALLBACK: questions.explain_answer,
    callback_data.LANGUAGE_CALLBACK: commands.set_language,
    callback_data.PRIVACY_CALLBACK: privacy.handle_privacy_callback,
    callback_data.FORM_CALLBACK: form.handle_form_callback,
    callback_data.ADVISER_CALLBACK: adviser.handle_adviser_callback,
    callback_data.REQUESTER_CALLBACK: requester.handle_requester_callback,
    callback_data.SELFCHECK_CALLBACK: callbacks.handle_selfcheck_callback,
}
