"""Tapped buttons: a table from callback data, or its part up to the colon, to what they do."""

from collections.abc import Callable
from dataclasses import replace

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import burst, feedback, handout, intro, intro_buttons, privacy, questions, share
from bot.flows.callback_data import (
    ADVISER_CALLBACK,
    CONSENT_CALLBACK,
    ENTRY_CALLBACK,
    ERASURE_CALLBACK,
    EXPLAIN_CALLBACK,
    FEEDBACK_CALLBACK,
    FORM_CALLBACK,
    HANDOUT_PDF_CALLBACK,
    INTRO_CALLBACK,
    LANGUAGE_CALLBACK,
    PRIVACY_CALLBACK,
    REQUEST_ADVICE,
    REQUESTER_CALLBACK,
    SELFCHECK_CALLBACK,
    SHARE_BOT_CALLBACK,
    START_CALLBACK,
)
from bot.flows.consultation import form, form_buttons
from bot.flows.context import Services
from bot.flows.relay import adviser_buttons, requester
from bot.flows.selfcheck import callbacks
from bot.flows.why import explain_answer
from prompts.render import format_label, render_template

PRIVATE_CALLBACKS = (
    REQUEST_ADVICE,
    f"{START_CALLBACK}talk",
    f"{PRIVACY_CALLBACK}data",
    f"{PRIVACY_CALLBACK}delete",
    ERASURE_CALLBACK,
    FORM_CALLBACK,
    SELFCHECK_CALLBACK,
    HANDOUT_PDF_CALLBACK,
)  # never in front of a group
CallbackHandler = Callable[
    [Services, State, Event, str], Turn | None
]  # given what stands behind the colon; None: no longer valid


def handle_callback(services: Services, state: State, event: Event) -> Turn:
    """The turn that a tap brings; Telegram is told of each tap once, so that the button stops waiting."""
    prefix, colon, value = event.text.partition(":")
    handler = CALLBACK_HANDLERS.get(event.text) or CALLBACK_HANDLERS.get(prefix + colon)
    if handler and not event.private and event.text.startswith(PRIVATE_CALLBACKS):
        handler = _refuse_in_group
    turn = handler(services, state, event, value) if handler else None
    if turn is None:
        return Turn(state, (AnswerCallback(format_label("gone", services.lang(state, event))),))
    if not event.text.startswith(ERASURE_CALLBACK):
        turn = burst.limit_taps(services, state, event, turn)
    if any(isinstance(message, AnswerCallback) for message in turn.messages):
        return turn
    return replace(turn, messages=(*turn.messages, AnswerCallback()))


def _refuse_in_group(services: Services, state: State, event: Event, _: str) -> Turn:
    return services.say(state, event, "private_only")


def _begin_request(services: Services, state: State, event: Event, _: str) -> Turn:
    return form.begin_form(services, state, event)


def _prompt_question(services: Services, state: State, event: Event, _: str) -> Turn:
    return services.say(state, event, "ask")


def _begin_intro(services: Services, state: State, event: Event, _: str) -> Turn:
    return intro.begin_intro(services, state, replace(event, kind=EventKind.COMMAND))


def _set_language(services: Services, state: State, event: Event, lang: str) -> Turn | None:
    return (
        Turn(replace(state, lang=lang), (SendMessage(render_template("language_set", lang)),))
        if lang in SUPPORTED_LANGUAGES
        else None
    )


def _send_handout(services: Services, state: State, event: Event, _: str) -> Turn:
    return handout.send_handout(services, state, event)


CALLBACK_HANDLERS: dict[str, CallbackHandler] = {
    ENTRY_CALLBACK: questions.show_entry,
    FEEDBACK_CALLBACK: feedback.handle_thumb,
    CONSENT_CALLBACK: feedback.handle_consent,
    INTRO_CALLBACK: intro_buttons.handle_intro_callback,
    REQUEST_ADVICE: _begin_request,
    f"{START_CALLBACK}talk": _begin_request,
    f"{START_CALLBACK}ask": _prompt_question,
    f"{START_CALLBACK}guide": _begin_intro,
    EXPLAIN_CALLBACK: explain_answer,
    LANGUAGE_CALLBACK: _set_language,
    PRIVACY_CALLBACK: privacy.handle_privacy_callback,
    f"{ERASURE_CALLBACK}yes": privacy.delete_data,
    f"{ERASURE_CALLBACK}no": privacy.keep_data,
    FORM_CALLBACK: form_buttons.handle_form_callback,
    SHARE_BOT_CALLBACK: share.share_bot,
    ADVISER_CALLBACK: adviser_buttons.handle_adviser_callback,
    REQUESTER_CALLBACK: requester.handle_requester_callback,
    SELFCHECK_CALLBACK: callbacks.handle_selfcheck_callback,
    HANDOUT_PDF_CALLBACK: _send_handout,
}
