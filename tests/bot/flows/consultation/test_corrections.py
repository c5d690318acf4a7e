"""Changes of mind that people type into the form, in the summary and at the steps before it."""

from dataclasses import replace

import pytest

from bot.domain.consultation import ContactChannel, Details, Form, FormStep
from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import State, Turn
from bot.flows.context import Advisers
from bot.flows.dialogue import Dialogue
from prompts.render import format_label

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=10, message_id=5, language_code="de", name="Ada")
CALL = Details("Rat", "SV Gera", "npo", "Gera", ContactChannel.PHONE, "+49 176 1234567", "mittwochs")
SUMMARY = Form(FormStep.REVIEW, CALL, reviewed=True)


def type_text(dialogue: Dialogue, form: Form, text: str) -> Turn:
    """Return the turn for a text that is typed while the form is open."""
    return dialogue.handle(State(form=form), replace(EVENT, text=text))


def form_of(turn: Turn) -> Form:
    assert turn.state.form is not None
    return turn.state.form


def first_text(turn: Turn) -> str:
    return next(message.html for message in turn.messages if isinstance(message, SendMessage))


@pytest.mark.parametrize(
    ("text", "line", "value"),
    [
        ("telefon ist falsch, 0176 7654321", "address", "+49 176 7654321"),
        ("nicht anrufen, lieber an ada@verein.de", "address", "ada@verein.de"),
        ("ich will doch lieber hier im chat", "reach", ContactChannel.TELEGRAM),
        ("der ort ist falsch, es ist Jena", "place", "Jena"),
        ("Ort: Jena", "place", "Jena"),
        ("nicht Gera, sondern Jena", "place", "Jena"),
        ("ändere den ort auf jena", "place", "jena"),
        ("den ort bitte weglassen", "place", ""),
        ("die Organisation stimmt nicht, wir heißen SV Jena e.V.", "organisation", "SV Jena e.V."),
        ("zeit falsch, donnerstag ab 9", "times", "donnerstag ab 9"),
        ("wir sind doch eine Stiftung", "kind", "foundation"),
        ("place is wrong, it's Jena", "place", "Jena"),
        ("the name should be Foo Trust", "organisation", "Foo Trust"),
    ],
)
def test_summary_is_corrected_by_typing(dialogue: Dialogue, text: str, line: str, value: str) -> None:
    """A text that names a line and what is right changes just that, and the summary shows it."""
    turn = type_text(dialogue, SUMMARY, text)

    form = form_of(turn)
    assert form.at is FormStep.REVIEW
    assert getattr(form.details, line) == value
    assert format_label("form_edited", "de") in first_text(turn)
    changed = {line, "reach", "address", "times"} if line in ("reach", "address") else {line}
    for other in {"concern", "organisation", "kind", "place", "reach", "address", "times"} - changed:
        assert getattr(form.details, other) == getattr(CALL, other)


@pytest.mark.parametrize(
    ("text", "at", "reach"),
    [
        ("ich will doch lieber per mail", FormStep.ADDRESS, ContactChannel.EMAIL),
        ("anrufen geht nicht, nur mail", FormStep.ADDRESS, ContactChannel.EMAIL),
        ("Geht auch per Mail?", FormStep.ADDRESS, ContactChannel.EMAIL),
        ("no, please email me", FormStep.ADDRESS, ContactChannel.EMAIL),
        ("telefon ist falsch", FormStep.ADDRESS, ContactChannel.PHONE),
        ("bitte nicht anrufen", FormStep.CHANNEL, ContactChannel.PHONE),
        ("Ort ändern", FormStep.PLACE, ContactChannel.PHONE),
        ("der Verein heißt jetzt anders", FormStep.ORGANISATION, ContactChannel.PHONE),
    ],
)
def test_correction_without_a_value_asks_for_it(
    dialogue: Dialogue, text: str, at: FormStep, reach: ContactChannel
) -> None:
    """What is wrong without what is right leads to the step that asks for it, and from there to the summary."""
    form = form_of(type_text(dialogue, SUMMARY, text))

    assert (form.at, form.details.reach, form.reviewed) == (at, reach, True)


@pytest.mark.parametrize(
    "text", ["falsch", "nein", "ruft mich an", "Wir sind vier Vereine, nicht drei", "das ist viel"]
)
def test_other_words_change_nothing_in_the_summary(dialogue: Dialogue, text: str) -> None:
    """A text that names nothing new gets the summary again, with how to change it."""
    turn = type_text(dialogue, SUMMARY, text)

    assert (form_of(turn).at, form_of(turn).details) == (FormStep.REVIEW, CALL)
    assert "Ort: Jena" in first_text(turn)


@pytest.mark.parametrize("at", [FormStep.ORGANISATION, FormStep.PLACE])
@pytest.mark.parametrize(
    ("text", "reach", "address"),
    [
        ("ich will doch lieber per mail", ContactChannel.EMAIL, ""),
        ("ada@verein.de", ContactChannel.EMAIL, "ada@verein.de"),
        ("meine Telefonnummer ist 0176 1234567", ContactChannel.PHONE, "+49 176 1234567"),
    ],
)
def test_contact_is_no_name_and_no_place(
    dialogue: Dialogue, at: FormStep, text: str, reach: ContactChannel, address: str
) -> None:
    """A wish for a channel or an address is noted as such; the step stays, and the channel is not asked for later."""
    noted = form_of(type_text(dialogue, Form(at, Details("Rat", kind="npo")), text))
    assert (noted.at, noted.details.reach, noted.details.address) == (at, reach, address)
    assert (noted.details.organisation, noted.details.place) == ("", "")

    following = form_of(type_text(dialogue, replace(noted, at=FormStep.PLACE), "Gera")).at
    has_times = reach is ContactChannel.PHONE
    assert following is (FormStep.ADDRESS if not address else FormStep.TIMES if has_times else FormStep.REVIEW)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (FormStep.ORGANISATION, "Telefonseelsorge Gera"),
        (FormStep.ORGANISATION, "Bitte Lächeln e.V."),
        (FormStep.ORGANISATION, "Neue Nachbarschaft e.V."),
        (FormStep.PLACE, "hier in Gera"),
        (FormStep.PLACE, "Stadt Jena und Landkreis"),
        (FormStep.PLACE, "neue Bundesländer"),
        (FormStep.TIMES, "ruft bitte vor 10 an"),
        (FormStep.TIMES, "unter 0176 7654321 ab 10"),
        (FormStep.TIMES, "nicht mittags"),
    ],
)
def test_answers_are_no_corrections(dialogue: Dialogue, at: FormStep, text: str) -> None:
    """Names, places and times that hold such words are the answer to what is asked."""
    details = CALL if at is FormStep.TIMES else Details("Rat")
    assert getattr(form_of(type_text(dialogue, Form(at, details), text)).details, at.value) == text


def test_time_of_a_call_may_be_declined(dialogue: Dialogue) -> None:
    """At the question for a time, another number keeps the question, and another channel ends it."""
    form = Form(FormStep.TIMES, replace(CALL, times=""))
    assert form_of(type_text(dialogue, form, "0176 7654321")).details.address == "+49 176 7654321"
    assert form_of(type_text(dialogue, form, "0176 7654321")).at is FormStep.TIMES
    assert form_of(type_text(dialogue, form, "bitte doch lieber per Mail")).at is FormStep.ADDRESS
    assert form_of(type_text(dialogue, form, "doch nicht Telefon")).at is FormStep.CHANNEL


@pytest.mark.parametrize("text", ["meine nummer geb ich nicht", "habe kein Telefon"])
def test_address_may_be_refused(dialogue: Dialogue, text: str) -> None:
    """Who does not give a number chooses another way to get the answer."""
    form = Form(FormStep.ADDRESS, Details("Rat", reach=ContactChannel.PHONE))
    assert form_of(type_text(dialogue, form, text)).at is FormStep.CHANNEL


@pytest.mark.parametrize("text", ["warum?", "wozu brauchen Sie das", "why do you need this"])
def test_why_is_explained(dialogue: Dialogue, text: str) -> None:
    """Who asks what a question is for learns it, instead of naming a place so."""
    turn = type_text(dialogue, Form(FormStep.PLACE, Details("Rat")), text)

    assert form_of(turn).at is FormStep.PLACE
    assert format_label("form_help_place", "de") in first_text(turn)


def test_correction_may_be_edited(dialogue: Dialogue) -> None:
    """An edit of a correction changes the same line, by what it says is right."""
    corrected = type_text(dialogue, SUMMARY, "der ort ist falsch, es ist Jena")
    edit = replace(EVENT, kind=EventKind.EDITED, text="der ort ist falsch, es ist Weimar")

    assert form_of(dialogue.handle(corrected.state, edit)).details.place == "Weimar"


@pytest.mark.parametrize("connected", [True, False])
def test_missing_advisers_are_named_before_anything_is_filled_in(dialogue: Dialogue, connected: bool) -> None:
    """Whether a request reaches anybody is said with the first question, and again before the consent."""
    dialogue = replace(dialogue, advisers=Advisers(-100)) if connected else dialogue
    command = replace(EVENT, kind=EventKind.COMMAND, command="beratung")

    assert ("keinem Beratungsteam" in first_text(dialogue.handle(State(), command))) is not connected
    summary = type_text(dialogue, replace(SUMMARY, at=FormStep.TIMES), "dienstags")
    assert ("keinem Beratungsteam" in first_text(summary)) is not connected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("wir sind der SV Gera", "SV Gera"),
        ("Ich arbeite bei der Diakonie", "Diakonie"),
        ("we're called Foo Trust", "Foo Trust"),
        ("Wir für Gera e. V.", "Wir für Gera e. V."),
        ("ok wir haben Streit im Bündnis", ""),
        ("ich will erst wissen wer das liest", ""),
    ],
)
def test_name_is_found_in_a_sentence(dialogue: Dialogue, text: str, name: str) -> None:
    """The name of an organisation may stand in a sentence; a sentence without one is no name."""
    form = form_of(type_text(dialogue, Form(FormStep.ORGANISATION, Details("Rat")), text))
    assert (form.details.organisation, form.at is FormStep.KIND) == (name, bool(name))
