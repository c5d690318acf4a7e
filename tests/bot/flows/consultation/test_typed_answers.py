"""Texts that people type into the form instead of tapping a button."""

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
from bot.flows.consultation.review import CARD_RESERVE
from bot.flows.consultation.typed_answers import button_phrases
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.typed_options import normalise_words
from prompts.message_splitter import MESSAGE_LIMIT, split_html
from prompts.render import format_label

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=10, message_id=5, language_code="de", name="Ada")
FULL = Details("Rat", "Brücken e. V.", "npo", "Kiel", ContactChannel.TELEGRAM, "", "dienstags")


def type_text(dialogue: Dialogue, form: Form, text: str, lang: str = "") -> Turn:
    """Return the turn for a text that is typed while the form is open."""
    return dialogue.handle(State(form=form, lang=lang), replace(EVENT, text=text))


def form_of(turn: Turn) -> Form:
    assert turn.state.form is not None
    return turn.state.form


def texts(turn: Turn) -> list[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage | EditMessage)]


OPTIONS = {
    "npo": ("Verein oder NPO", "verein", "VEREIN", "Wir sind ein Verein.", "e.V.", "NGO", "1", "charity",
            "Charity or non-profit", "association"),
    "foundation": ("Stiftung", "eine Stiftung", "Buergerstiftung", "Bürgerstiftung", "foundation"),
    "municipality": ("Kommune", "Stadt", "Stadt oder Gemeinde", "Gemeinde", "council", "3"),
    "company": ("Unternehmen", "Firma", "company"),
    "citizen": ("Privatperson", "privat", "Bürgerin", "Buerger", "private person"),
    "other": ("Etwas anderes", "anderes", "sonstiges", "something else", "6"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in OPTIONS.items() for text in texts])
def test_kind_may_be_typed(dialogue: Dialogue, kind: str, text: str) -> None:
    """Typing a button's label, a short form of it or its number selects it, in any of the bot's languages."""
    form = form_of(type_text(dialogue, Form(FormStep.KIND, Details("Rat")), text))

    assert (form.at, form.details.kind) == (FormStep.PLACE, kind)


CHANNELS = {
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


@pytest.mark.parametrize(("reach", "text"), [(reach, text) for reach, texts in CHANNELS.items() for text in texts])
def test_contact_channel_may_be_typed(dialogue: Dialogue, reach: ContactChannel, text: str) -> None:
    """The contact channel can be typed as well."""
    form = form_of(type_text(dialogue, Form(FormStep.CHANNEL, Details("Rat")), text))

    assert (form.at, form.details.reach) == (
        FormStep.REVIEW if reach is ContactChannel.TELEGRAM else FormStep.ADDRESS,
        reach,
    )


@pytest.mark.parametrize(
    "text", ["Überspringen", "ueberspringen", "uberspringen", "Weiter ohne Antwort", "keine", "skip"]
)
@pytest.mark.parametrize("at", [FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES])
def test_skipping_may_be_typed(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """An optional line can be skipped by typing a word."""
    form = form_of(type_text(dialogue, Form(at, Details("Rat")), text))

    assert form.at is not at
    assert form.details == Details("Rat")


@pytest.mark.parametrize(
    ("text", "place"), [("weiter", "Kiel"), ("so lassen", "Kiel"), ("weglassen", ""), ("Plön", "Plön")]
)
def test_earlier_answer_is_kept_or_cleared_by_a_word(dialogue: Dialogue, text: str, place: str) -> None:
    """When stepping back to a line, a word keeps or clears it, and any other text replaces it."""
    form = form_of(type_text(dialogue, Form(FormStep.PLACE, FULL), text))

    assert (form.at, form.details.place) == (FormStep.CHANNEL, place)


@pytest.mark.parametrize("text", ["zurück", "Zurueck", "zuruck", "back", "‹ Zurück"])
def test_back_may_be_typed(dialogue: Dialogue, text: str) -> None:
    """Typing a word for back leads to the previous question."""
    assert form_of(type_text(dialogue, Form(FormStep.PLACE, FULL), text)).at is FormStep.KIND


@pytest.mark.parametrize(
    "text",
    [
        "Abbrechen",
        "abbruch",
        "Stopp!",
        "cancel",
        "Aufhören",
        "aufhoeren",
        "lieber nicht",
        "Ich habe es mir anders überlegt.",
    ],
)
@pytest.mark.parametrize("at", list(FormStep))
def test_cancelling_may_be_typed(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """Typing a word for cancel ends the form at any step."""
    assert type_text(dialogue, Form(at, FULL), text).state.form is None


@pytest.mark.parametrize("text", ["Ja", "ja, bitte!", "Ja, so weitergeben", "einverstanden", "absenden", "yes", "OK"])
def test_consent_may_be_typed(dialogue: Dialogue, text: str) -> None:
    """Typing consent to the summary sends the request as shown."""
    turn = type_text(dialogue, Form(FormStep.REVIEW, FULL, reviewed=True), text)

    (effect,) = turn.effects
    assert isinstance(effect, CreateRequest)
    assert effect.request.details == FULL
    assert not any(isinstance(message, EditMessage) for message in turn.messages)


@pytest.mark.parametrize("text", ["nein", "Na ja", "ja aber", "jain", "passt nicht", "👍", "…"])
def test_other_words_are_no_consent(dialogue: Dialogue, text: str) -> None:
    """Anything but a clear yes sends nothing, and the summary is shown again."""
    turn = type_text(dialogue, Form(FormStep.REVIEW, FULL, reviewed=True), text)

    assert (turn.effects, form_of(turn).at) == ((), FormStep.REVIEW)


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_line_to_change_may_be_typed(dialogue: Dialogue, lang: str) -> None:
    """Typing the name of a line in the summary leads back to that question."""
    turn = type_text(dialogue, Form(FormStep.REVIEW, FULL, reviewed=True), format_label("line_place", lang), lang)

    assert form_of(turn).at is FormStep.PLACE


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
def test_words_of_other_steps_are_plain_answers(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """A word counts as a button only if that button is shown; otherwise it is the answer."""
    details = form_of(type_text(dialogue, Form(at), text)).details

    assert getattr(details, at.value) == text


def test_question_at_a_choice_is_answered(dialogue: Dialogue) -> None:
    """A question is answered, even if it names an option, and the form's question stays."""
    turn = type_text(dialogue, Form(FormStep.KIND, Details("Rat")), "Was macht die Stiftung Bildung?")

    assert turn.decisions
    assert form_of(turn).at is FormStep.KIND


SENTENCES = [
    (FormStep.KIND, "Wir sind ein kleiner Sportverein mit 80 Leuten", "kind", "npo"),
    (FormStep.KIND, "wir sind mehrere Vereine aus Gera", "kind", "npo"),
    (FormStep.KIND, "I work for a small charity in Leeds", "kind", "npo"),
    (FormStep.KIND, "das zweite", "kind", "foundation"),
    (FormStep.CHANNEL, "am liebsten per Mail, danke", "reach", ContactChannel.EMAIL),
    (FormStep.CHANNEL, "per Mail an ada@verein.de, bitte.", "address", "ada@verein.de"),
    (FormStep.ADDRESS, "dann doch lieber hier im Chat", "reach", ContactChannel.TELEGRAM),
    (FormStep.CHANNEL, "ruft mich bitte vormittags an", "reach", ContactChannel.PHONE),
    (FormStep.CHANNEL, "Option 1", "reach", ContactChannel.TELEGRAM),
]


@pytest.mark.parametrize(("at", "text", "line", "value"), SENTENCES)
def test_option_is_found_in_a_sentence(
    dialogue: Dialogue, at: FormStep, text: str, line: str, value: ContactChannel | str
) -> None:
    """A sentence that names one option chooses it, also in a compound or with an ending, and so does its number."""
    assert getattr(form_of(type_text(dialogue, Form(at, Details("Rat")), text)).details, line) == value


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (FormStep.KIND, "Ein Verein und eine Stiftung zusammen"),
        (FormStep.KIND, "kein Verein"),
        (FormStep.KIND, "das siebte Mal schon heute"),
        (FormStep.CHANNEL, "bitte nicht anrufen"),
        (FormStep.CHANNEL, "ganz egal"),
    ],
)
def test_words_without_an_option_are_asked_again(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """What names no option, several, or denies one is not searched: the step says what is possible."""
    turn = type_text(dialogue, Form(at, Details("Rat")), text)

    assert not turn.decisions
    assert form_of(turn).at is at
    assert "2 " + {FormStep.KIND: "Stiftung", FormStep.CHANNEL: "Per E-Mail"}[at] in next(iter(texts(turn)))


@pytest.mark.parametrize("text", ["Ada Kern", "Ada Maria Kern", "hallo"])
def test_bare_concern_is_asked_for_once_more(dialogue: Dialogue, text: str) -> None:
    """A name or a greeting in place of the concern is kept, but a sentence is asked for, which replaces it."""
    asked_again = form_of(type_text(dialogue, Form(), text))
    assert (asked_again.at, asked_again.details.concern) == (FormStep.CONCERN, text)

    assert form_of(type_text(dialogue, Form(), "zu wenig Geld")).at is FormStep.ORGANISATION
    assert form_of(type_text(dialogue, asked_again, "So lassen")).at is FormStep.ORGANISATION
    filled = form_of(type_text(dialogue, asked_again, "Wie fangen wir mit drei Vereinen an?"))
    assert (filled.at, filled.details.concern) == (FormStep.ORGANISATION, "Wie fangen wir mit drei Vereinen an?")


@pytest.mark.parametrize("text", ["Was heißt das?", "versteh ich nicht", "?", "What do you mean?"])
@pytest.mark.parametrize("at", list(FormStep))
def test_step_is_explained(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """Who does not understand a step gets it explained."""
    turn = type_text(dialogue, Form(at, replace(FULL, reach=ContactChannel.EMAIL), reviewed=True), text)

    topic = "email" if at is FormStep.ADDRESS else at.value
    assert form_of(turn).at is at
    assert format_label(f"form_help_{topic}", "de") in next(iter(texts(turn)))


def test_command_within_the_form(dialogue: Dialogue) -> None:
    """Words that mean a command run it, and the form's question follows; in writing only those that are no answer."""
    turn = type_text(dialogue, Form(), "Datenschutz")
    assert ("/datenschutz" in texts(turn)[0], "1 von 5" in texts(turn)[-1]) == (False, True)
    assert form_of(turn) == Form()

    switched = type_text(dialogue, Form(FormStep.PLACE, FULL), "in English please")
    assert switched.state.lang == "en"
    assert "4 of 5" in texts(switched)[-1]

    assert (
        form_of(type_text(dialogue, Form(FormStep.ORGANISATION, FULL), "Kontakt")).details.organisation == "Kontakt"
    )
    assert "4 von 5" not in texts(type_text(dialogue, Form(FormStep.KIND, FULL), "Kontakt"))[0]


@pytest.mark.parametrize("at", [FormStep.CHANNEL, FormStep.ADDRESS, FormStep.TIMES])
def test_last_steps_keep_the_count(dialogue: Dialogue, at: FormStep) -> None:
    """The number of steps does not grow when a call is wanted."""
    form = Form(at, replace(FULL, reach=ContactChannel.PHONE))

    assert "(5 von 5)" in texts(type_text(dialogue, form, "?"))[0]


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
def test_phone_number_is_recognised_in_any_notation(dialogue: Dialogue, text: str) -> None:
    """A phone number in any notation answers both the channel and the address question."""
    assert normalise_address(ContactChannel.PHONE, text) == NUMBERS[text]
    for form in (
        Form(FormStep.CHANNEL),
        Form(FormStep.ADDRESS, Details(reach=ContactChannel.PHONE)),
        Form(FormStep.ADDRESS, Details(reach=ContactChannel.EMAIL)),
    ):
        filled = form_of(type_text(dialogue, form, text))
        assert (filled.at, filled.details.reach, filled.details.address) == (
            FormStep.TIMES,
            ContactChannel.PHONE,
            NUMBERS[text],
        )


@pytest.mark.parametrize(
    "text",
    ["112", "901820", "2024", "030 12", "Was kostet 2024 die Beratung", "Ist 030 520065411 die Nummer von PHINEO?",
     "0800 FLOWERS", "0431 987654 oder 0151 23456789", "Dienstag 14.00 bis 16.00 Uhr", "01.02.2027 10:30",
     "Ist ada@verein.de richtig?", "ada@verein.de oder kai@verein.de"],
)  # fmt: skip
def test_other_texts_are_no_contact(text: str) -> None:
    """Dates, years, questions, letters, and two numbers or e-mail addresses at once are no contact."""
    assert parse_contact(text) is None


@pytest.mark.parametrize(("text", "reach"), [("030 12", "phone"), ("0431", "phone"), ("ada@kiel", "email")])
def test_malformed_address_is_reported(dialogue: Dialogue, text: str, reach: str) -> None:
    """A malformed address is reported as such, not taken for a question."""
    turn = type_text(dialogue, Form(FormStep.CHANNEL), text)

    assert not turn.decisions
    assert format_label(f"form_wrong_{reach}", "de") in next(iter(texts(turn)))


def test_every_word_matches_one_button(dialogue: Dialogue) -> None:
    """No word matches two buttons that are shown together, and every word is handled like its button."""
    for at, value, reviewed in product(FormStep, ("", "x"), (True, False)):
        details = Details(value, value, "npo", value, ContactChannel.TELEGRAM, value, value)
        form = Form(at, details, RequestContext("Was?", step=1, steps=8), reviewed=reviewed)
        phrases: dict[str, str] = {}
        for phrase, data in button_phrases(form):
            word = normalise_words(phrase)
            assert phrases.setdefault(word, data) == data, (at, word)
            assert word
        for data in phrases.values():
            assert handle_form_callback(TurnContext(dialogue, State(form=form), EVENT), data)
        if at is FormStep.KIND:
            assert {f"kind:{kind}" for kind in REQUESTER_KINDS} <= set(phrases.values())


@pytest.mark.parametrize("at", [FormStep.CONCERN, FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES])
def test_length_is_counted_in_utf16(dialogue: Dialogue, at: FormStep) -> None:
    """The length limit counts UTF-16 units as Telegram does, so an emoji counts as two."""
    limit = MAX_LENGTHS[at]

    assert form_of(type_text(dialogue, Form(at), "😀" * (limit // 2))).at is not at
    assert form_of(type_text(dialogue, Form(at), "😀" * (limit // 2) + "x")).at is at


LONG = Details("x" * 2_000, "o" * 150, "npo", "p" * 150, ContactChannel.EMAIL, "a" * 64 + "@" + "b" * 60 + ".de")
CONTEXT = RequestContext("😀" * 500, "backbone", "Backbone", 0.9, "y" * 300, 9, 9)


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
@pytest.mark.parametrize("concern", ["x" * 2_000, "😀" * 1_000, "<&>" * 600])
def test_summary_always_fits_in_one_message(dialogue: Dialogue, concern: str, lang: str) -> None:
    """If the summary does not fit in one message, a shorter concern is asked for, and then summary and card fit."""
    form = Form(FormStep.TIMES, replace(LONG, concern=concern), CONTEXT, frozenset(("question", "progress")))
    turn = type_text(dialogue, form, "😀" * 100, lang)
    assert form_of(turn).at is FormStep.CONCERN
    max_length = next(int(word) for word in next(iter(texts(turn))).split() if word.isdecimal() and int(word) > 100)
    turn = type_text(dialogue, form_of(turn), "x" * max_length, lang)

    (html,) = texts(turn)
    assert form_of(turn).at is FormStep.REVIEW
    assert len(split_html(html)) == 1
    assert len(split_html(html, MESSAGE_LIMIT - CARD_RESERVE)) == 1
    assert format_label("consent", lang) in [button.label for row in turn.messages[0].keyboard for button in row]  # type: ignore[union-attr]
