"""Texts typed into a form: an answer, the wording of a button, a question, or an edit of one of these."""

from collections.abc import Iterator
from dataclasses import replace

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.answering.question_splitter import begins_as_question
from bot.domain.commands import simplify_message
from bot.domain.consultation import MAX_LENGTHS, OPTIONAL_STEPS, ContactChannel, Details, Form, FormStep, TypedAnswer
from bot.domain.contact_details import guess_channel, parse_contact
from bot.domain.event import Event
from bot.domain.message import Button, SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import FORM_CALLBACK
from bot.flows.consultation.corrections import (
    Correction,
    denies_address,
    extract_name,
    find_correction,
    is_sentence,
    without_denied,
)
from bot.flows.consultation.form import (
    advance_form,
    form_keyboard,
    handle_form_callback,
    next_step,
    show_form,
)
from bot.flows.context import TurnContext
from bot.flows.questions import answer_question
from bot.flows.typed_options import find_named_option, find_option
from prompts.message_splitter import utf16_length
from prompts.render import format_label, render_template

CHOICE_ACTIONS = ("kind", "reach")  # with several buttons, each with its own wordings and a number
WORDED_ACTIONS = (*CHOICE_ACTIONS, "send", "skip", "keep", "use", "back", "cancel")  # with wordings besides the label
CHOICE, UNCLEAR = "wahl", ("gemeint", "unklar", "leichter", "bedeutung")  # in knowledge/commands.yaml
ANYTIME_COMMANDS = frozenset(("hilfe", "datenschutz", "sprache"))  # their words are no answer to any question
MAX_NAME_WORDS, MAX_NAME_LENGTH = 3, 40


def handle_form_text(context: TurnContext) -> Turn:
    """Return the turn of a text typed while the form is waiting.

    It is the wording of a button, an answer to the form's question, or a question about it or to the bot.
    """
    event, form = context.event, context.state.form
    assert form is not None
    written = event.text.strip()
    with_typed = context.change(form=_remember_typed(form, event))
    if data := _match_button(form, written) or _match_number(context, form):
        return _tap_button(context if data.startswith(("back", "cancel")) else with_typed, data)
    if _is_unclear(context):
        return show_form(context, f"form_help_{_topic(form)}")
    if correction := find_correction(form, written):
        return _correct_line(context, correction)
    if _is_question(context, form.at):
        return _answer_in_between(context)
    if form.at is FormStep.ORGANISATION and is_sentence(written):
        return show_form(context, "form_help_organisation")
    details = _parse_details(form, written)
    choice_form = replace(form, at=FormStep.CHANNEL) if form.at is FormStep.ADDRESS else form
    if details is None and (data := _match_named_choice(choice_form, written)):
        return _tap_button(context.change(form=_remember_typed(choice_form, event)), data)
    if details is None and denies_address(form, written):
        return show_form(context.change(form=choice_form), "form_other_way")
    if details is None:
        return show_form(with_typed, _rejection_label(form, written), options=_list_options(form, context.lang))
    if form.at is FormStep.CONCERN and not form.details.concern and _is_bare(written):
        return show_form(context.change(form=replace(_remember_typed(form, event), details=details)), "form_short")
    return advance_form(with_typed, details)


def is_form_command(context: TurnContext, command: str) -> bool:
    """Return whether a text that means a command is no answer to the form's current question."""
    form = context.state.form
    assert form is not None
    is_written_step = form.at in MAX_LENGTHS
    return (not is_written_step or command in ANYTIME_COMMANDS) and not _match_button(form, context.event.text)


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
    """Yield the wordings of the current buttons in all supported languages, with the buttons' data.

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
                yield phrase, data


def _typed_phrases(data: str, lang: str, *, can_keep: bool) -> list[str]:
    """Return the wordings of a button besides its label; "skip" becomes "drop" if there is something to keep."""
    action, _, value = data.partition(":")
    if action not in WORDED_ACTIONS:
        return []
    name = f"{action}_{value}" if action in CHOICE_ACTIONS else "drop" if action == "skip" and can_keep else action
    return format_label(f"typed_{name}", lang).split(", ")


def _match_button(form: Form, written: str) -> str | None:
    """Return the data of the button whose wording is the whole text; None if there is none."""
    return find_option(button_phrases(form), written)


def _match_number(context: TurnContext, form: Form) -> str | None:
    """Return the data of the choice whose number is worded, as in "das zweite"; None if there is none."""
    word, _, number = context.services.command_words.get(simplify_message(context.event.text), "").partition(" ")
    choices = [button.data.removeprefix(FORM_CALLBACK) for button in _choice_buttons(form, context.lang)]
    return choices[int(number) - 1] if word == CHOICE and int(number) <= len(choices) else None


def _match_named_choice(form: Form, written: str) -> str | None:
    """Return the data of the only choice that a sentence names; None if there is none."""
    choices = ((phrase, data) for phrase, data in button_phrases(form) if data.startswith(CHOICE_ACTIONS))
    named = ((phrase, data) for phrase, data in choices if not phrase.isdecimal())
    return find_named_option(named, without_denied(written))


def _choice_buttons(form: Form, lang: str) -> list[Button]:
    buttons = [button for row in form_keyboard(form, lang) for button in row]
    return [button for button in buttons if button.data.removeprefix(FORM_CALLBACK).startswith(CHOICE_ACTIONS)]


def _list_options(form: Form, lang: str) -> str:
    return ", ".join(f"{number} {button.label}" for number, button in enumerate(_choice_buttons(form, lang), 1))


def _tap_button(context: TurnContext, data: str) -> Turn:
    turn = handle_form_callback(context, data)
    assert turn is not None  # its button is shown
    return turn


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
            value = " ".join(
                extract_name(form.at, written).split()
            )  # a line break could forge the next line of the card
    return form.details.with_answer(form.at, value) if utf16_length(value) <= MAX_LENGTHS[form.at] else None


def _correct_details(form: Form, written: str) -> Details | None:
    """Return the details with an edited text as the answer to an earlier question; None if it cannot be one."""
    if (correction := find_correction(replace(form, at=FormStep.REVIEW), written)) and correction.step is form.at:
        return _apply_correction(form, correction)
    cleared = replace(form, details=form.details.with_answer(form.at, "")) if form.at in OPTIONAL_STEPS else form
    action, _, value = (_match_button(cleared, written) or "").partition(":")
    if action in (*CHOICE_ACTIONS, "skip"):
        return form.details.with_answer(form.at, value if action in CHOICE_ACTIONS else "")
    needs_address = form.at is not FormStep.ADDRESS or form.details.reach is not ContactChannel.TELEGRAM
    return _parse_details(form, written) if needs_address else None


def _correct_line(context: TurnContext, correction: Correction) -> Turn:
    """Correct a line of the form, or ask for it if the text does not say what is right; then go on as before."""
    form, step = context.state.form, correction.step
    assert form is not None
    details = _apply_correction(form, correction)
    if details is None:
        return show_form(context.change(form=replace(form, at=step)))
    typed = _remember_typed(replace(form, at=step), context.event).typed
    corrected = replace(form, details=details, typed=typed)
    if form.at is FormStep.REVIEW or (form.at is FormStep.TIMES and step is FormStep.CHANNEL):
        following = next_step(replace(corrected, at=step))
        note = "form_edited" if following is FormStep.REVIEW else ""
        return show_form(context.change(form=replace(corrected, at=following)), note)
    return show_form(context.change(form=corrected), "form_noted")


def _apply_correction(form: Form, correction: Correction) -> Details | None:
    """Return the details with a corrected line; None if it has to be asked for."""
    step, value = correction.step, correction.value
    if value is None:
        return form.details.with_answer(step, "") if step in OPTIONAL_STEPS else None
    if step is FormStep.CHANNEL and value in set(ContactChannel):
        return form.details.with_channel(ContactChannel(value))
    line_form = replace(form, at=step)
    if value and (details := _parse_details(line_form, value)):
        return details
    data = _match_named_choice(line_form, value)
    return form.details.with_answer(step, data.partition(":")[2]) if data else None


def _rejection_label(form: Form, written: str) -> str:
    """Return the key of the label that says why a text is not an answer."""
    if form.at in MAX_LENGTHS:
        return "form_too_long"
    if form.at is FormStep.ADDRESS:
        return f"form_wrong_{form.details.reach.value}"
    channel = guess_channel(written) if form.at is FormStep.CHANNEL else None
    if channel:
        return f"form_wrong_{channel.value}"
    return "form_choose_review" if form.at is FormStep.REVIEW else "form_choose_option"


def _remember_typed(form: Form, event: Event) -> Form:
    """Record which message answers the current question, in place of an earlier one."""
    others = tuple(typed for typed in form.typed if typed.line is not form.at)
    return replace(form, typed=(*others, TypedAnswer(form.at, event.message_id)))


def _answer_in_between(context: TurnContext) -> Turn:
    """Answer a question, and ask the form's question again."""
    answer = answer_question(context)
    form_turn = show_form(context.with_state(answer.state))
    return Turn(form_turn.state, (*answer.messages, *form_turn.messages), answer.effects, answer.decisions)


def _is_bare(written: str) -> bool:
    """Return whether a concern is a single word, or looks like a name."""
    words = written.split()
    is_name = len(words) <= MAX_NAME_WORDS and all(word[0].isupper() for word in words)
    return len(written) <= MAX_NAME_LENGTH and (len(words) == 1 or is_name)


def _is_unclear(context: TurnContext) -> bool:
    """Return whether a text only says that the form's question is not understood, or asks what it is for."""
    simplified = simplify_message(context.event.text)
    is_sign = not simplified and "?" in context.event.text
    whys = (
        (phrase, phrase) for lang in SUPPORTED_LANGUAGES for phrase in format_label("typed_why", lang).split(", ")
    )
    is_why = find_option(whys, context.event.text) is not None
    word = context.services.command_words.get(simplified, "").partition(" ")[0]
    return is_sign or is_why or word in UNCLEAR


def _topic(form: Form) -> str:
    """Return what the current question asks for, as part of a label's key."""
    return form.details.reach.value if form.at is FormStep.ADDRESS else form.at.value


def _is_question(context: TurnContext, step: FormStep) -> bool:
    """Return whether a text is a question to the bot, rather than an answer: a concern may be worded as a question.

    A sentence that begins as questions do counts without its mark, as people type on a phone; a short name may, too.
    """
    written, event = context.event.text.strip(), context.event
    words = [word for word in written.split() if any(map(str.isalpha, word))]
    if step in (FormStep.CONCERN, FormStep.TIMES) or len(words) < 3 or parse_contact(written):
        return False
    if "?" in written or (step is FormStep.ORGANISATION and len(words) <= MAX_NAME_WORDS):
        return "?" in written
    markers = context.services.answerer.discourse_markers(written, event.language_code, context.state.lang)
    return begins_as_question(written, markers)
