"""What people type while the form waits, in place of a tap or besides."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.consultation import (
    MAX_LENGTHS,
    REQUESTER_KINDS,
    ContactChannel,
    Details,
    Form,
    FormStep,
    RequestContext,
)
from bot.domain.contact_details import normalise_address, parse_contact
from bot.domain.effects import CreateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import EditMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.consultation.form import handle_form_callback
from bot.flows.consultation.typed_answers import button_phrases
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from prompts.message_splitter import MESSAGE_LIMIT, split_html
from prompts.render import format_label

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=10, message_id=5, language_code="de", name="Ada")
FULL = Details("Rat", "Brücken e. V.", "npo", "Kiel", ContactChannel.TELEGRAM, "", "dienstags")


def typed(dialogue: Dialogue, form: Form, text: str, lang: str = "") -> Turn:
    """The turn that a text brings while the form waits."""
    return dialogue.handle(State(form=form, lang=lang), replace(EVENT, text=text))


def after(turn: Turn) -> Form:
    assert turn.state.form is not None
    return turn.state.form


def texts(turn: Turn) -> Iterable[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage | EditMessage)]


OPTIONS = {
    "npo": ("Verein oder NPO", "verein", "VEREIN", "Wir sind ein Verein.", "e.V.", "NGO", "1", "charity",
            "Association or NPO"),
    "foundation": ("Stiftung", "eine Stiftung", "Buergerstiftung", "Bürgerstiftung", "foundation"),
    "municipality": ("Kommune", "Stadt", "Stadt oder Gemeinde", "Gemeinde", "council", "3"),
    "company": ("Unternehmen", "Firma", "company"),
    "citizen": ("Privatperson", "privat", "Bürgerin", "Buerger", "private person"),
    "other": ("Etwas anderes", "anderes", "sonstiges", "something else", "6"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, found in OPTIONS.items() for text in found])
def test_kind_may_be_typed(dialogue: Dialogue, kind: str, text: str) -> None:
    """The words of a button, a short form or its number are the button, in any of the bot's languages."""
    form = after(typed(dialogue, Form(FormStep.KIND, Details("Rat")), text))

    assert (form.at, form.details.kind) == (FormStep.PLACE, kind)


WAYS = {
    ContactChannel.TELEGRAM: (
        "Hier bei Telegram",
        "hier",
        "hier im Chat",
        "Telegram",
        "über Telegram",
        "here in Telegram",
        "1",
    ),
    ContactChannel.EMAIL: ("Per E-Mail", "E-Mail", "email", "per mail bitte", "By e-mail", "Mit einer E-Mail", "2"),
    ContactChannel.PHONE: (
        "Am Telefon",
        "Telefon",
        "telefonisch",
        "Rufen Sie mich an",
        "Handy",
        "by phone",
        "call me",
        "3",
    ),
}


@pytest.mark.parametrize(("reach", "text"), [(reach, text) for reach, found in WAYS.items() for text in found])
def test_way_to_be_reached_may_be_typed(dialogue: Dialogue, reach: ContactChannel, text: str) -> None:
    """So is the way to be reached."""
    form = after(typed(dialogue, Form(FormStep.CHANNEL, Details("Rat")), text))

    assert (form.at, form.details.reach) == (
        FormStep.TIMES if reach is ContactChannel.TELEGRAM else FormStep.ADDRESS,
        reach,
    )


@pytest.mark.parametrize(
    "text", ["Überspringen", "ueberspringen", "uberspringen", "Weiter ohne Antwort", "keine", "skip"]
)
@pytest.mark.parametrize("at", [FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES])
def test_skipping_may_be_typed(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """What may be left out is left out by a word."""
    form = after(typed(dialogue, Form(at, Details("Rat")), text))

    assert form.at is not at
    assert form.details == Details("Rat")


@pytest.mark.parametrize(
    ("text", "place"), [("weiter", "Kiel"), ("so lassen", "Kiel"), ("weglassen", ""), ("Plön", "Plön")]
)
def test_what_was_written_stays_or_goes_by_a_word(dialogue: Dialogue, text: str, place: str) -> None:
    """Who comes back to a line keeps it, leaves it out, or writes another."""
    form = after(typed(dialogue, Form(FormStep.PLACE, FULL), text))

    assert (form.at, form.details.place) == (FormStep.CHANNEL, place)


@pytest.mark.parametrize("text", ["zurück", "Zurueck", "zuruck", "back", "‹ Zurück"])
def test_back_may_be_typed(dialogue: Dialogue, text: str) -> None:
    """A word leads to the question before."""
    assert after(typed(dialogue, Form(FormStep.PLACE, FULL), text)).at is FormStep.KIND


@pytest.mark.parametrize("text", ["Abbrechen", "abbruch", "Stopp!", "cancel", "Aufhören", "aufhoeren"])
@pytest.mark.parametrize("at", list(FormStep))
def test_cancelling_may_be_typed(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """A word ends the form at each of its questions."""
    assert typed(dialogue, Form(at, FULL), text).state.form is None


@pytest.mark.parametrize("text", ["Ja", "ja, bitte!", "Ja, so weitergeben", "einverstanden", "absenden", "yes", "OK"])
def test_consent_may_be_typed(dialogue: Dialogue, text: str) -> None:
    """Who agrees to the summary in words has sent what it shows."""
    turn = typed(dialogue, Form(FormStep.REVIEW, FULL, reviewed=True), text)

    (kept,) = turn.effects
    assert isinstance(kept, CreateRequest)
    assert kept.request.details == FULL
    assert not any(isinstance(message, EditMessage) for message in turn.messages)


@pytest.mark.parametrize("text", ["nein", "Na ja", "ja aber", "jain", "passt nicht", "👍", "…"])
def test_no_consent_by_other_words(dialogue: Dialogue, text: str) -> None:
    """What is no clear yes sends nothing, and the summary is shown once more."""
    turn = typed(dialogue, Form(FormStep.REVIEW, FULL, reviewed=True), text)

    assert (turn.effects, after(turn).at) == ((), FormStep.REVIEW)


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_line_to_change_may_be_typed(dialogue: Dialogue, lang: str) -> None:
    """A line of the summary is named to change it."""
    turn = typed(dialogue, Form(FormStep.REVIEW, FULL, reviewed=True), format_label("line_place", lang), lang)

    assert after(turn).at is FormStep.PLACE


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (FormStep.CONCERN, "Verein"),
        (FormStep.ORGANISATION, "Stiftung"),
        (FormStep.ORGANISATION, "1"),
        (FormStep.PLACE, "Hier"),
        (FormStep.TIMES, "2"),
    ],
)
def test_words_of_other_questions_are_answers(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """A word counts only where its button is shown; elsewhere it is what the person tells."""
    details = after(typed(dialogue, Form(at), text)).details

    assert getattr(details, at.value) == text


def test_question_at_a_choice_is_still_answered(dialogue: Dialogue) -> None:
    """A sentence that is no option is a question, and the same is asked once more."""
    turn = typed(dialogue, Form(FormStep.KIND, Details("Rat")), "Was macht die Stiftung Bildung")

    assert turn.decisions
    assert after(turn).at is FormStep.KIND


NUMBERS = {
    "030 123 45 67": "+49 30 1234567", "+49 30 901820": "+49 30 901820", "0431 98 76 54": "+49 431 987654",
    "0431 / 98 76 54": "+49 431 987654", "(0431) 98 76 54": "+49 431 987654", "0431-987654": "+49 431 987654",
    "+49 (0) 431 / 98 76 54": "+49 431 987654", "0049 431 987654": "+49 431 987654",
    "00 49 431 987654": "+49 431 987654",
    "0151 234 56 789": "+49 1512 3456789", "4915123456789": "+49 1512 3456789", "49 151 23456789": "+49 1512 3456789",
    "Tel.: 030 520065411": "+49 30 520065411", "tel:+4930520065411": "+49 30 520065411",
    "030.52 00 65 411": "+49 30 520065411",
    "030 520065411 (abends)": "+49 30 520065411", "0151 23456789 / Signal": "+49 1512 3456789",
    "Sie erreichen mich unter 0431 987654": "+49 431 987654", "030\u00a0520065411": "+49 30 520065411",
    "0431 987654 Durchwahl 12": "+49 431 987654 ext. 12", "0431 987654 🙂": "+49 431 987654",
    "+41 44 668 18 00": "+41 44 668 18 00", "0043 1 234567": "+43 1 234567", "+1 (212) 736-5000": "+1 212-736-5000",
    "+90 212 393 23 00": "+90 212 393 23 00", "+380 44 123 45 67": "+380 44 123 4567",
}  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_number_with_blanks_is_a_number(dialogue: Dialogue, text: str) -> None:
    """However it is written, a number answers how to be reached, and which number."""
    assert normalise_address(ContactChannel.PHONE, text) == NUMBERS[text]
    for form in (
        Form(FormStep.CHANNEL),
        Form(FormStep.ADDRESS, Details(reach=ContactChannel.PHONE)),
        Form(FormStep.ADDRESS, Details(reach=ContactChannel.EMAIL)),
    ):
        found = after(typed(dialogue, form, text))
        assert (found.at, found.details.reach, found.details.address) == (
            FormStep.TIMES,
            ContactChannel.PHONE,
            NUMBERS[text],
        )


@pytest.mark.parametrize(
    "text",
    ["112", "901820", "2024", "030 12", "Was kostet 2024 die Beratung", "Ist 030 520065411 die Nummer von PHINEO?",
     "0800 FLOWERS", "0431 987654 oder 0151 23456789", "Dienstag 14.00 bis 16.00 Uhr", "01.02.2027 10:30"],
)  # fmt: skip
def test_no_number_is_made_up(text: str) -> None:
    """Dates, years, questions, letters, and two numbers at once are not one number."""
    assert parse_contact(text) is None


@pytest.mark.parametrize(("text", "reach"), [("030 12", "phone"), ("0431", "phone"), ("ada@kiel", "email")])
def test_wrong_address_is_named_as_such(dialogue: Dialogue, text: str, reach: str) -> None:
    """What was meant as an address and is none is not taken for a question, nor for no answer."""
    turn = typed(dialogue, Form(FormStep.CHANNEL), text)

    assert not turn.decisions
    assert format_label(f"form_wrong_{reach}", "de") in next(iter(texts(turn)))


def test_every_word_leads_to_one_button(dialogue: Dialogue) -> None:
    """No word stands for two buttons that are shown together, and each does what its button does."""
    for at, value, reviewed in product(FormStep, ("", "x"), (True, False)):
        details = Details(value, value, "npo", value, ContactChannel.TELEGRAM, value, value)
        form = Form(at, details, RequestContext("Was?", step=1, steps=8), reviewed=reviewed)
        found: dict[str, str] = {}
        for word, data in button_phrases(form):
            assert found.setdefault(word, data) == data, (at, word)
            assert word
        for data in found.values():
            assert handle_form_callback(TurnContext(dialogue, State(form=form), EVENT), data)
        if at is FormStep.KIND:
            assert {f"kind:{kind}" for kind in REQUESTER_KINDS} <= set(found.values())


@pytest.mark.parametrize("at", [FormStep.CONCERN, FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES])
def test_length_is_counted_as_telegram_counts(dialogue: Dialogue, at: FormStep) -> None:
    """An emoji counts twice, so that what fits by characters may be too long."""
    most = MAX_LENGTHS[at]

    assert after(typed(dialogue, Form(at), "😀" * (most // 2))).at is not at
    assert after(typed(dialogue, Form(at), "😀" * (most // 2) + "x")).at is at


LONG = Details("x" * 2_000, "o" * 150, "npo", "p" * 150, ContactChannel.EMAIL, "a" * 64 + "@" + "b" * 60 + ".de")
ASKED = RequestContext("😀" * 500, "backbone", "Backbone", 0.9, "y" * 300, 9, 9)


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
@pytest.mark.parametrize("concern", ["x" * 2_000, "😀" * 1_000, "<&>" * 600])
def test_summary_shows_all_that_is_agreed_to(dialogue: Dialogue, concern: str, lang: str) -> None:
    """What does not fit in one message is asked for again, shorter; the summary then fits, and so does the card."""
    form = Form(FormStep.TIMES, replace(LONG, concern=concern), ASKED)
    turn = typed(dialogue, form, "😀" * 100, lang)
    assert after(turn).at is FormStep.CONCERN
    room = next(int(word) for word in next(iter(texts(turn))).split() if word.isdecimal() and int(word) > 100)
    turn = typed(dialogue, after(turn), "x" * room, lang)

    (html,) = texts(turn)
    assert after(turn).at is FormStep.REVIEW
    assert len(split_html(html)) == 1
    assert len(split_html(html, MESSAGE_LIMIT - 400)) == 1
    assert format_label("consent", lang) in [button.label for row in turn.messages[0].keyboard for button in row]  # type: ignore[union-attr]
