"""Whoever needs help at once gets the emergency numbers first; what they wrote then takes its ordinary way."""

import logging
from dataclasses import replace

import pytest

from bot.domain.consultation import Details, Form, FormStep
from bot.domain.event import Event, EventKind
from bot.domain.message import EditRelayed, RelayMessage, SendMessage
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import REQUEST_ADVICE
from bot.flows.dialogue import Advisers, Dialogue
from bot.flows.questions import MAX_QUESTIONS
from prompts.render import render_template
from tests.support.fake_answerer import FakeAnswerer
from tests.support.relay import ADA, CLOSED, DESK, REFERENCE, STATE, TALKING, adviser, changed, kept, person

DISTRESS = "mein mann schlaegt mich"
NUMBERS = ("112", "110", "0800 111 0 111", "116 016", "116 111")
EVENT = Event(1, EventKind.TEXT, 10, 10, 5, text=DISTRESS, language_code="de", name="Ada")
HELP = {lang: render_template("crisis", lang, note="", talking=False) for lang in ("de", "en", "de-leicht")}
HELP_TALKING = render_template("crisis", "de", note="", talking=True)


@pytest.fixture
def connected(dialogue: Dialogue) -> Dialogue:
    """The dialogue with an adviser chat, over prepared answers."""
    return replace(dialogue, advisers=Advisers(DESK))


def texts(turn: Turn) -> list[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage)]


def buttons(turn: Turn) -> list[str]:
    first = turn.messages[0]
    assert isinstance(first, SendMessage)
    return [button.data for row in first.keyboard for button in row]


def test_question_gets_only_the_numbers(dialogue: Dialogue) -> None:
    """In place of an answer come all numbers and the way to a person; the question is neither searched nor stored."""
    before = State(last_question="Was ist ein Backbone?", last_entry="backbone", step=3)

    turn = dialogue.handle(before, EVENT)

    assert texts(turn) == [HELP["de"]]
    assert all(f"\n{number} –" in HELP["de"] for number in NUMBERS)
    assert "kein Notdienst" in HELP["de"]
    assert buttons(turn) == [REQUEST_ADVICE]
    assert (turn.state, turn.effects, turn.decisions) == (before, (), ())
    assert isinstance(dialogue.answerer, FakeAnswerer)
    assert dialogue.answerer.questions == []


@pytest.mark.parametrize(
    ("text", "telegram", "chosen", "lang"),
    [
        (DISTRESS, "en", "", "de"),
        ("i want to die", "de", "", "en"),
        (DISTRESS, "de", "de-leicht", "de-leicht"),
        (DISTRESS, "de", "en", "en"),
    ],
)
def test_language_is_that_of_the_message(
    dialogue: Dialogue, text: str, telegram: str, chosen: str, lang: str
) -> None:
    """The numbers come in the language of the message, unless the person chose another one."""
    turn = dialogue.handle(State(lang=chosen), replace(EVENT, text=text, language_code=telegram))

    assert texts(turn) == [HELP[lang]]


@pytest.mark.parametrize(
    ("text", "telegram", "expected", "note"),
    [
        ("kocam beni dövüyor", "tr", "en", "112’yi arayın"),
        ("муж меня бьет", "", "en", "сразу звоните 112"),
        ("мене б'є чоловік", "uk", "en", "телефонуйте 112"),
        ("زوجي يضربني", "ar", "en", "112"),
        ("je veux mourir", "fr", "en", "appelez tout de suite le 112"),
        ("quiero morir", "es", "en", "llame ahora mismo al 112"),
        ("mąż mnie bije", "pl", "en", "dzwonić pod 112"),
        ("kocam beni dövüyor", "de", "de", "112’yi arayın"),
    ],
)
def test_other_languages_get_one_line_of_their_own(
    dialogue: Dialogue, text: str, telegram: str, expected: str, note: str
) -> None:
    """Other languages get the numbers in English, or in German if Telegram is, below one line in their own."""
    (html,) = texts(dialogue.handle(State(), replace(EVENT, text=text, language_code=telegram)))

    first_line, rest = html.split("\n\n", 1)
    assert note in first_line
    assert rest == HELP[expected]


def test_edited_question_gets_the_numbers(dialogue: Dialogue) -> None:
    """A question edited into a call for help gets the numbers in a message of their own; a yes begins nothing."""
    asked = dialogue.handle(State(), replace(EVENT, text="Was ist ein Backbone?"))

    turn = dialogue.handle(asked.state, replace(EVENT, kind=EventKind.EDITED))

    assert asked.state.offered
    assert (texts(turn), turn.state) == ([HELP["de"]], replace(asked.state, offered=(), offered_at=0.0))


def test_numbers_come_however_many_questions_were_asked(dialogue: Dialogue) -> None:
    """The limit of questions does not hold back the numbers."""
    before = State(minute=1_000_000.0, asked=MAX_QUESTIONS + 5)

    assert texts(dialogue.handle(before, replace(EVENT, sent_at=1_000_001.0))) == [HELP["de"]]


@pytest.mark.parametrize(
    "event",
    [
        replace(EVENT, kind=EventKind.COMMAND, command="frage"),
        replace(EVENT, kind=EventKind.OTHER, media_type="photo"),
    ],
)
def test_commands_and_captions_are_read_too(dialogue: Dialogue, event: Event) -> None:
    """A question after a command and the caption of a picture get only the numbers, too."""
    assert texts(dialogue.handle(State(), event)) == [HELP["de"]]


def test_command_with_distress_is_carried_out(dialogue: Dialogue) -> None:
    """A command that was given a call for help is carried out after the numbers."""
    turn = dialogue.handle(State(), replace(EVENT, kind=EventKind.COMMAND, command="beratung"))

    assert texts(turn)[0] == HELP["de"]
    assert turn.state.form is not None


def test_answer_to_the_form_is_kept(dialogue: Dialogue) -> None:
    """In the form the numbers come first; the text is kept as the answer, and the next question follows."""
    turn = dialogue.handle(State(form=Form()), EVENT)

    help_text, next_question = texts(turn)
    assert help_text == HELP["de"]
    assert "(2 von" in next_question
    assert turn.state.form is not None
    assert turn.state.form.details.concern == DISTRESS


def test_question_within_the_form_gets_the_numbers_once(dialogue: Dialogue) -> None:
    """A question within the form gets the numbers in place of its answer, then the form's question again."""
    form = Form(FormStep.KIND, Details("Rat", "Verein"))

    turn = dialogue.handle(State(form=form), replace(EVENT, text="was tun, wenn mein mann mich schlägt?"))

    assert texts(turn)[0] == HELP["de"]
    assert len(texts(turn)) == 2
    assert turn.state.form == form


def test_edited_answer_to_the_form_is_kept(dialogue: Dialogue) -> None:
    """An answer to the form that is edited into a call for help is changed after the numbers."""
    begun = dialogue.handle(State(form=Form()), replace(EVENT, text="Rat"))

    turn = dialogue.handle(begun.state, replace(EVENT, kind=EventKind.EDITED))

    assert texts(turn)[0] == HELP["de"]
    assert turn.state.form is not None
    assert turn.state.form.details.concern == DISTRESS


def test_message_to_the_advisers_is_relayed(connected: Dialogue) -> None:
    """In a conversation the numbers come first, and the message goes to the advisers exactly as any other."""
    kept(connected, TALKING)
    usual = connected.handle(STATE, person(text="Danke"))

    turn = connected.handle(STATE, person(text=DISTRESS, reply_to=77))

    assert (texts(turn), buttons(turn)) == ([HELP_TALKING], [])
    assert [type(message) for message in turn.messages[1:]] == [type(message) for message in usual.messages]
    html = f"<b>Ada:</b>\n{DISTRESS}"
    assert turn.messages[1] == RelayMessage(REFERENCE, DESK, to_advisers=True, reply_to=(ADA, 77), html=html)
    assert [type(effect) for effect in turn.effects] == [type(effect) for effect in usual.effects]


def test_edited_message_to_the_advisers_is_relayed(connected: Dialogue) -> None:
    """An edit of a relayed message reaches the advisers after the numbers."""
    kept(connected, TALKING)

    turn = connected.handle(STATE, person(EventKind.EDITED, DISTRESS, message=5))

    assert [type(message) for message in turn.messages] == [SendMessage, EditRelayed]
    assert texts(turn) == [HELP_TALKING]


def test_comment_on_a_rating_is_kept(connected: Dialogue) -> None:
    """A comment on a rating is stored after the numbers."""
    kept(connected, CLOSED)

    turn = connected.handle(replace(STATE, rated=REFERENCE), person(text="ich kann nicht mehr"))

    assert texts(turn)[0] == HELP["de"]
    assert "Danke für Ihre Rückmeldung" in texts(turn)[1]
    assert changed(turn).comment == "ich kann nicht mehr"


def test_introduction_and_selfcheck_wait(dialogue: Dialogue) -> None:
    """Text within the introduction or the self-check gets the numbers; both can be continued where they were."""
    introduction = dialogue.handle(State(touring=True, step=3), EVENT)
    progress = SelfCheckProgress(stage=SelfCheckStage.ASKING)
    selfcheck = dialogue.handle(State(check=progress), EVENT)

    assert texts(introduction) == [HELP["de"]]
    assert buttons(introduction) == [REQUEST_ADVICE, "i:go:3"]
    assert (introduction.state.touring, introduction.state.step) == (True, 3)
    assert texts(selfcheck)[0] == HELP["de"]
    assert selfcheck.state.check == replace(progress, stage=SelfCheckStage.PAUSED)


def test_group_gets_a_reply_only_if_the_bot_was_addressed(dialogue: Dialogue) -> None:
    """In a group, whoever addressed the bot gets the numbers in a reply; other talk is not looked at."""
    event = replace(EVENT, chat_id=-7, private=False)

    turn = dialogue.handle(State(), event)
    overheard = dialogue.handle(State(), replace(event, addressed=False))

    assert isinstance(turn.messages[0], SendMessage)
    assert (texts(turn), turn.messages[0].reply_to) == ([HELP["de"]], event.message_id)
    assert overheard.messages == ()


def test_advisers_are_not_checked(connected: Dialogue) -> None:
    """What advisers write in their chat is relayed or left alone, without numbers."""
    kept(connected, TALKING)

    relayed = connected.handle(State(), adviser(text=DISTRESS))
    among_themselves = connected.handle(State(), adviser(text=DISTRESS, thread=8))

    assert texts(relayed) == texts(among_themselves) == []


@pytest.mark.parametrize("text", ["Wir wollen Gewalt gegen Frauen senken", "Suizidprävention", "Notfallplan"])
def test_subject_is_answered(dialogue: Dialogue, text: str) -> None:
    """A question about such a subject is answered like any other."""
    turn = dialogue.handle(State(), replace(EVENT, text=text))

    assert turn.decisions
    assert HELP["de"] not in texts(turn)


def test_nothing_is_logged(dialogue: Dialogue, caplog: pytest.LogCaptureFixture) -> None:
    """That somebody was recognised is logged nowhere, at no level."""
    with caplog.at_level(logging.DEBUG):
        dialogue.handle(State(), EVENT)

    assert caplog.records == []
