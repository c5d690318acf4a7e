"""Texts typed into a form: an answer, the wording of a button, a question, or an edit of one of these."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.consultation import MAX_LENGTHS, OPTIONAL_STEPS, ContactChannel, Details, Form, FormStep, TypedAnswer
from bot.domain.contact_details import guess_channel, parse_contact
from bot.domain.event import Event
from bot.domain.message import SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import FORM_CALLBACK
from bot.flows.consultation.form import advance_form, form_keyboard, handle_form_callback, show_form
from bot.flows.context import TurnContext
from bot.flows.questions import answer_question
from prompts.message_splitter import utf16_length
from prompts.render import format_label, render_template

CHOICE_ACTIONS = ("kind", "reach")  # with several buttons, each with its own wordings and a number
WORDED_ACTIONS = (*CHOICE_ACTIONS, "send", "skip", "keep", "use", "back", "cancel")  # with wordings besides the label
UMLAUT_SPELLINGS = {"ae": "a", "oe": "o", "ue": "u"}  # on keyboards without umlauts


def handle_form_text(context: TurnContext) -> Turn:
    """Return the turn of a text typed while the form is waiting.

    It is the wording of a button, an answer to the form's question, or a question to the bot.
    """
    event, form = context.event, context.state.form
    assert form is not None
    written = event.text.strip()
    with_typed = context.change(form=_remember_typed(form, event))
    if data := _match_button(form, written):
        turn = handle_form_callback(context if data.startswith(("back", "cancel")) else with_typed, data)
        assert turn is not None  # its button is shown
        return turn
    if _is_question(form.at, written):
        return _answer_in_between(context)
    details = _parse_details(form, written)
    if details is None:
        return show_form(with_typed, _rejection_label(form, written))
    return advance_form(with_typed, details)


def handle_form_edit(context: TurnContext) -> Turn | None:
    """Return the turn of an edited message that was typed into a form; None for any other message.

    A request that was sent remains as the person agreed to it.
    """
    event, services, form, sent = context.event, context.services, context.state.form, context.state.sent
    if sent and event.message_id in sent.message_ids and services.store.requests.find_request(sent.request):
        desk, contact = context.adviser_chat is not None, services.contact
        html = render_template("request_edited", context.lang, number=sent.request, desk=desk, contact=contact)
        return Turn(context.state, (SendMessage(html, reference=sent.request),))
    step = next((typed.line for typed in form.typed if typed.message_id == event.message_id), None) if form else None
    if form is None or step is None:
        return None
    form = replace(form, paused=False)
    context = context.change(form=form)
    if step is form.at:
        return handle_form_text(context)
    details = _correct_details(replace(form, at=step), event.text.strip())
    if details is None:
        return show_form(context, "form_not_edited")
    next_at = form.at if details.is_reachable or form.at is FormStep.CHANNEL else FormStep.ADDRESS
    return show_form(context.change(form=replace(form, at=next_at, details=details)), "form_edited")


def button_phrases(form: Form) -> Iterator[tuple[str, str]]:
    """Yield the normalised wordings of the current buttons in all supported languages, with the buttons' data.

    The data lack the form's prefix.
    """
    for lang in SUPPORTED_LANGUAGES:
        buttons = [button for row in form_keyboard(form, lang) for button in row]
        labels = {button.data.removeprefix(FORM_CALLBACK): button.label for button in buttons}
        choices = [data for data in labels if data.startswith(CHOICE_ACTIONS)]
        can_keep = any(data.startswith("keep") for data in labels)
        for data, button_label in labels.items():
            number = (str(choices.index(data) + 1),) if data in choices else ()
            for phrase in (button_label, *_typed_phrases(data, lang, can_keep=can_keep), *number):
                yield _normalise_words(phrase), data


def _typed_phrases(data: str, lang: str, *, can_keep: bool) -> list[str]:
    """Return the wordings of a button besides its label; "skip" becomes "drop" if there is something to keep."""
    action, _, value = data.partition(":")
    if action not in WORDED_ACTIONS:
        return []
    name = f"{action}_{value}" if action in CHOICE_ACTIONS else "drop" if action == "skip" and can_keep else action
    return format_label(f"typed_{name}", lang).split(", ")


def _match_button(form: Form, written: str) -> str | None:
    """Return the data of the button whose wording is the whole text; None if there is none."""
    plain = _normalise_words(written)
    return next((data for phrase, data in button_phrases(form) if phrase == plain), None) if plain else None


def _normalise_words(written: str) -> str:
    """Reduce a text to its letters and digits, ignoring case, accents and courtesies."""
    words = [word for word in _fold_words(written) if word not in _filler_words()]
    return "".join(words or _fold_words(written))


def _fold_words(written: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", written.casefold())
    folded = "".join(character for character in decomposed if not unicodedata.combining(character))
    for spelled, letter in UMLAUT_SPELLINGS.items():
        folded = folded.replace(spelled, letter)
    return re.findall(r"[^\W_]+", folded)


@cache
def _filler_words() -> frozenset[str]:
    return frozenset(_fold_words(" ".join(format_label("typed_fillers", lang) for lang in SUPPORTED_LANGUAGES)))


def _parse_details(form: Form, written: str) -> Details | None:
    """Return the details with a text as the current answer; None if it cannot be one."""
    match form.at:
        case FormStep.KIND | FormStep.REVIEW:
            return None
        case FormStep.CHANNEL | FormStep.ADDRESS:
            contact = parse_contact(written)
            return form.details.with_channel(*contact) if contact else None
        case FormStep.CONCERN:
            value = written
        case _:
            value = " ".join(written.split())  # a line break could forge the next line of the card
    return form.details.with_answer(form.at, value) if utf16_length(value) <= MAX_LENGTHS[form.at] else None


def _correct_details(form: Form, written: str) -> Details | None:
    """Return the details with an edited text as the answer to an earlier question; None if it cannot be one."""
    cleared = replace(form, details=form.details.with_answer(form.at, "")) if form.at in OPTIONAL_STEPS else form
    action, _, value = (_match_button(cleared, written) or "").partition(":")
    if action in (*CHOICE_ACTIONS, "skip"):
        return form.details.with_answer(form.at, value if action in CHOICE_ACTIONS else "")
    needs_address = form.at is not FormStep.ADDRESS or form.details.reach is not ContactChannel.TELEGRAM
    return _parse_details(form, written) if needs_address else None


def _rejection_label(form: Form, written: str) -> str:
    """Return the key of the label that says why a text is not an answer."""
    if form.at in MAX_LENGTHS:
        return "form_too_long"
    if form.at is FormStep.ADDRESS:
        return f"form_wrong_{form.details.reach.value}"
    channel = guess_channel(written) if form.at is FormStep.CHANNEL else None
    return f"form_wrong_{channel.value}" if channel else "form_choose"


def _remember_typed(form: Form, event: Event) -> Form:
    """Record which message answers the current question, in place of an earlier one."""
    others = tuple(typed for typed in form.typed if typed.line is not form.at)
    return replace(form, typed=(*others, TypedAnswer(form.at, event.message_id)))


def _answer_in_between(context: TurnContext) -> Turn:
    """Answer a question, and ask the form's question again."""
    answer = answer_question(context)
    form_turn = show_form(context.with_state(answer.state))
    return Turn(form_turn.state, (*answer.messages, *form_turn.messages), answer.effects, answer.decisions)


def _is_question(step: FormStep, written: str) -> bool:
    """Return whether a text is a question to the bot, rather than an answer: a concern may be worded as a question.

    If the step expects a tap, a sentence counts even without a question mark, as people type on a phone.
    """
    words = [word for word in written.split() if any(map(str.isalpha, word))]
    if step in (FormStep.CONCERN, FormStep.TIMES) or len(words) < 3 or parse_contact(written):
        return False
    return "?" in written or step in (FormStep.KIND, FormStep.CHANNEL, FormStep.REVIEW)
