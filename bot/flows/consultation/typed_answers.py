"""What is typed while a form is there: an answer, the words of a button, a question, a correction of any of these."""

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
from bot.domain.turn import State, Turn
from bot.flows.callback_data import FORM_CALLBACK
from bot.flows.consultation.form import advance_form, form_keyboard, handle_form_callback, show_form
from bot.flows.context import Services
from bot.flows.questions import answer_question
from prompts.message_splitter import utf16_length
from prompts.render import format_label, render_template

CHOICE_ACTIONS = (
    "kind",
    "reach",
)  # actions of buttons between which to choose: each has words of its own, and a number
WORDED_ACTIONS = (
    *CHOICE_ACTIONS,
    "send",
    "skip",
    "keep",
    "use",
    "back",
    "cancel",
)  # actions that have words besides their label
UMLAUT_SPELLINGS = {"ae": "a", "oe": "o", "ue": "u"}  # an umlaut where there is no key for it


def handle_form_text(services: Services, state: State, event: Event) -> Turn:
    """A text while the form waits: a button in words, what it asked for, or a question of the person's own."""
    form = state.form
    assert form is not None
    written = event.text.strip()
    if data := _match_button(form, written):
        if not data.startswith(("back", "cancel")):
            state = replace(state, form=_remember_typed(form, event))
        turn = handle_form_callback(services, state, event, data)
        assert turn is not None  # its button is shown
        return turn
    if _is_question(form.at, written):
        return _answer_in_between(services, state, event)
    details, state = _parse_details(form, written), replace(state, form=_remember_typed(form, event))
    if details is None:
        return show_form(services, state, event, _rejection_label(form, written))
    return advance_form(services, state, event, details)


def handle_form_edit(services: Services, state: State, event: Event) -> Turn | None:
    """A correction of what was typed into a form; None where the message belongs to none.

    A request that was sent stays as it was agreed to.
    """
    if state.sent and event.message_id in state.sent.message_ids and services.store.find_request(state.sent.request):
        values = {
            "number": state.sent.request,
            "desk": services.adviser_chat is not None,
            "contact": services.contact,
        }
        html = render_template("request_edited", services.lang(state, event), **values)
        return Turn(state, (SendMessage(html, reference=state.sent.request),))
    form = state.form
    step = next((typed.line for typed in form.typed if typed.message_id == event.message_id), None) if form else None
    if form is None or step is None:
        return None
    form = replace(form, paused=False)
    if step is form.at:
        return handle_form_text(services, replace(state, form=form), event)
    details = _correct_details(replace(form, at=step), event.text.strip())
    if details is None:
        return show_form(services, replace(state, form=form), event, "form_not_edited")
    next_at = form.at if details.is_reachable or form.at is FormStep.CHANNEL else FormStep.ADDRESS
    return show_form(services, replace(state, form=replace(form, at=next_at, details=details)), event, "form_edited")


def button_phrases(form: Form) -> Iterator[tuple[str, str]]:
    """The words that stand for the buttons shown now, in all our languages, each with its button's data."""
    for lang in SUPPORTED_LANGUAGES:
        labels = {
            button.data.removeprefix(FORM_CALLBACK): button.label
            for row in form_keyboard(form, lang)
            for button in row
        }
        choices = [data for data in labels if data.startswith(CHOICE_ACTIONS)]
        can_keep = any(data.startswith("keep") for data in labels)
        for data, button_label in labels.items():
            number = (str(choices.index(data) + 1),) if data in choices else ()
            for phrase in (button_label, *_typed_phrases(data, lang, can_keep=can_keep), *number):
                yield _normalise_words(phrase), data


def _typed_phrases(data: str, lang: str, *, can_keep: bool) -> list[str]:
    """The words for a button besides its label. Where something can be kept, to skip is to leave that out."""
    action, _, value = data.partition(":")
    if action not in WORDED_ACTIONS:
        return []
    name = f"{action}_{value}" if action in CHOICE_ACTIONS else "drop" if action == "skip" and can_keep else action
    return format_label(f"typed_{name}", lang).split(", ")


def _match_button(form: Form, written: str) -> str | None:
    """The data of the button whose words a text holds, and nothing else; None where there is none."""
    plain = _normalise_words(written)
    return next((data for phrase, data in button_phrases(form) if phrase == plain), None) if plain else None


def _normalise_words(written: str) -> str:
    """Words as they are compared: letters and digits alone, whatever their case, accents and courtesies."""
    words = [word for word in _fold_words(written) if word not in _filler_words()]
    return "".join(words or _fold_words(written))


def _fold_words(written: str) -> list[str]:
    folded = "".join(
        character
        for character in unicodedata.normalize("NFKD", written.casefold())
        if not unicodedata.combining(character)
    )
    for spelled, letter in UMLAUT_SPELLINGS.items():
        folded = folded.replace(spelled, letter)
    return re.findall(r"[^\W_]+", folded)


@cache
def _filler_words() -> frozenset[str]:
    return frozenset(
        word for lang in SUPPORTED_LANGUAGES for word in _fold_words(format_label("typed_fillers", lang))
    )


def _parse_details(form: Form, written: str) -> Details | None:
    """The details with this text for what the form asks; None where it cannot be that."""
    match form.at:
        case FormStep.KIND | FormStep.REVIEW:
            return None
        case FormStep.CHANNEL | FormStep.ADDRESS:
            contact = parse_contact(written)
            return replace(form.details, reach=contact[0], address=contact[1]) if contact else None
        case FormStep.CONCERN:
            value = written
        case _:
            value = " ".join(written.split())  # one line, which cannot pass for the next one of the card
    return form.details.with_answer(form.at, value) if utf16_length(value) <= MAX_LENGTHS[form.at] else None


def _correct_details(form: Form, written: str) -> Details | None:
    """The details with a corrected text for an earlier question; None where it cannot be its answer."""
    cleared = replace(form, details=form.details.with_answer(form.at, "")) if form.at in OPTIONAL_STEPS else form
    action, _, value = (_match_button(cleared, written) or "").partition(":")
    if action in (*CHOICE_ACTIONS, "skip"):
        return form.details.with_answer(form.at, value if action in CHOICE_ACTIONS else "")
    return (
        None
        if form.at is FormStep.ADDRESS and form.details.reach is ContactChannel.TELEGRAM
        else _parse_details(form, written)
    )


def _rejection_label(form: Form, written: str) -> str:
    """The label that says why a text is no answer."""
    if form.at in MAX_LENGTHS:
        return "form_too_long"
    if form.at is FormStep.ADDRESS:
        return f"form_wrong_{form.details.reach.value}"
    channel = guess_channel(written) if form.at is FormStep.CHANNEL else None
    return f"form_wrong_{channel.value}" if channel else "form_choose"


def _remember_typed(form: Form, event: Event) -> Form:
    """The form that knows which message was typed for what it asks: the last one counts."""
    others = tuple(typed for typed in form.typed if typed.line is not form.at)
    return replace(form, typed=(*others, TypedAnswer(form.at, event.message_id)))


def _answer_in_between(services: Services, state: State, event: Event) -> Turn:
    """A question in the middle is answered, and the form asks once more."""
    answer = answer_question(services, state, event)
    form_turn = show_form(services, answer.state, event)
    return Turn(form_turn.state, (*answer.messages, *form_turn.messages), answer.effects, answer.decisions)


def _is_question(step: FormStep, written: str) -> bool:
    """Whether a text is a question to the bot: a concern may well be put as one, a place or a name is not.

    Where buttons are to be tapped, a sentence is one even without its mark, as people type on a phone.
    """
    words = [word for word in written.split() if any(map(str.isalpha, word))]
    if step in (FormStep.CONCERN, FormStep.TIMES) or len(words) < 3 or parse_contact(written):
        return False
    return "?" in written or step in (FormStep.KIND, FormStep.CHANNEL, FormStep.REVIEW)
